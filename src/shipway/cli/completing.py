"""What the shell offers after Tab: stages, steps, environments, stacks, strategies, releases.

Called by argcomplete, with names of its own. parsed_args: the options so far, and the directory.
"""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from shipway.core.errors import ShipwayError

if TYPE_CHECKING:
    from shipway.cli.project import Project


def stages(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Stages and steps that begin so."""
    from shipway.core.step import STAGES

    project = _project(parsed_args)
    steps = [step.name for step in project.steps] if project else []
    return [word for word in (*STAGES, *steps) if word.startswith(prefix)]


def environments(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Environments that begin so."""
    project = _project(parsed_args)
    names = project.config.environments if project else ()
    return [name for name in names if name.startswith(prefix)]


def stacks(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Environments that begin so, and the account's own stack."""
    from shipway.core.infrastructure.contradictions import BOOTSTRAP

    known = [*environments(prefix, parsed_args), BOOTSTRAP]
    return [name for name in known if name.startswith(prefix)]


def stages_and_environments(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Both."""
    return [*stages(prefix, parsed_args), *environments(prefix, parsed_args)]


def releases(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Releases on record that begin so."""
    project = _project(parsed_args)
    names = [one["name"] for one in project.record.releases()] if project else []
    return [name for name in names if name.startswith(prefix)]


def strategies(prefix: str, **_: object) -> list[str]:
    """Strategies that begin so."""
    from shipway.core.strategy import Strategy

    return [name.value for name in Strategy if name.startswith(prefix)]


def _project(options: Namespace) -> Project | None:
    """The project; None where there is none that can be read: a shell wants no errors."""
    from shipway.cli.project import open_project

    try:
        return open_project(options.directory)
    except ShipwayError:
        return None
