"""`shipway workflows`: the words it takes."""

from __future__ import annotations

from shipway.cli import workflowing
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("workflows", _workflows)


def _workflows(parser: Parser) -> None:
    """GitHub's workflows, written from shipway.toml.

    Example: shipway workflows diff
    """
    parser.add_command("write", _write, workflowing.write_workflows)
    parser.add_command("check", _check, workflowing.check_workflows)
    parser.add_command("diff", _diff, workflowing.diff_workflows)


def _write(parser: Parser) -> None:
    """Write .github/workflows of the repository from shipway.toml, and say what is left out.

    A file that Shipway did not write is never replaced without --force; one of its own that the
    configuration no longer wants is removed.

    Example: shipway workflows write --dry-run
    """
    parser.add("--dry-run", action="store_true", help="Show what would change; write nothing.")
    parser.add(
        "--force", action="store_true", help="Also replace files that Shipway did not write."
    )
    add_json(parser)


def _check(parser: Parser) -> None:
    """Say whether the workflows are what shipway.toml wants; exit code 1 names each line.

    Example: shipway workflows check
    """
    add_json(parser)


def _diff(parser: Parser) -> None:
    """Show what `workflows write` would change, as a unified diff.

    Example: shipway workflows diff
    """
    add_json(parser)
