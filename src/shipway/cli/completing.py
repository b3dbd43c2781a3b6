"""What the shell offers after Tab: stages, steps, environments, stacks, strategies, releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from shipway.core.errors import ShipwayError

if TYPE_CHECKING:
    from shipway.cli.project import Project


def stages(context: typer.Context, incomplete: str) -> list[str]:
    """Stages and steps that begin so."""
    from shipway.core.step import STAGES

    project = _project(context)
    steps = [step.name for step in project.steps] if project else []
    return [word for word in (*STAGES, *steps) if word.startswith(incomplete)]


def environments(context: typer.Context, incomplete: str) -> list[str]:
    """Environments that begin so."""
    project = _project(context)
    names = project.config.environments if project else ()
    return [name for name in names if name.startswith(incomplete)]


def stacks(context: typer.Context, incomplete: str) -> list[str]:
    """Environments that begin so, and the account's own stack."""
    from shipway.core.infrastructure.contradictions import BOOTSTRAP

    known = [*environments(context, incomplete), BOOTSTRAP]
    return [name for name in known if name.startswith(incomplete)]


def stages_and_environments(context: typer.Context, incomplete: str) -> list[str]:
    """Both."""
    return [*stages(context, incomplete), *environments(context, incomplete)]


def releases(context: typer.Context, incomplete: str) -> list[str]:
    """Releases on record that begin so."""
    project = _project(context)
    names = [one["name"] for one in project.record.releases()] if project else []
    return [name for name in names if name.startswith(incomplete)]


def strategies(incomplete: str) -> list[str]:
    """Strategies that begin so."""
    from shipway.core.strategy import Strategy

    return [name.value for name in Strategy if name.startswith(incomplete)]


def _project(context: typer.Context) -> Project | None:
    """The project; None where there is none that can be read: a shell wants no errors."""
    from shipway.cli.project import open_project

    directory = context.find_root().params.get("directory")  # a group stands between
    try:
        return open_project(directory or ".")
    except ShipwayError:
        return None
