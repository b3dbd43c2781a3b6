"""What many commands take."""

from __future__ import annotations

from argparse import Namespace

from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.errors import ShipwayError
from shipway.pipeline.step import STAGES

# What the shell offers after Tab: stages, steps, environments, releases.
#
# Called by argcomplete, with names of its own. parsed_args: the options so far, and the directory.


def complete_stages(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Stages and steps that begin so."""
    project = _project(parsed_args)
    steps = [step.name for step in project.steps] if project else []
    return [word for word in (*STAGES, *steps) if word.startswith(prefix)]


def complete_environments(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Environments that begin so."""
    project = _project(parsed_args)
    names = project.config.environments if project else ()
    return [name for name in names if name.startswith(prefix)]


def complete_stages_and_environments(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Both."""
    return [*complete_stages(prefix, parsed_args), *complete_environments(prefix, parsed_args)]


def complete_releases(prefix: str, parsed_args: Namespace, **_: object) -> list[str]:
    """Releases on record that begin so."""
    project = _project(parsed_args)
    names = [str(release["name"]) for release in project.record.releases()] if project else []
    return [name for name in names if name.startswith(prefix)]


def _project(options: Namespace) -> Project | None:
    """The project; None where there is none that can be read: a shell wants no errors."""
    try:
        return open_project(options.directory)
    except ShipwayError:
        return None


def add_environment(parser: Parser, default: str | None = None) -> None:
    """Add the environment. Without a default it has to be named."""
    parser.add(
        "environment",
        metavar="ENV",
        nargs="?" if default else None,
        default=default,
        help="An environment of shipway.toml, for example production.",
        complete=complete_environments,
    )


def add_json(parser: Parser, explanation: str = "Print JSON.") -> None:
    """Add --json."""
    parser.add("--json", action="store_true", help=explanation)


def add_json_lines(parser: Parser) -> None:
    """Add --json of a command that prints while it works."""
    add_json(parser, "Print JSON, one object a line.")


def add_skip(parser: Parser) -> None:
    """Add --skip."""
    parser.add(
        "--skip",
        action="append",
        default=[],
        complete=complete_stages,
        help="Leave a step out; what needs it runs without it.",
    )


def add_no_cache(parser: Parser) -> None:
    """Add --no-cache."""
    parser.add("--no-cache", action="store_true", help="Run what has passed unchanged, too.")
