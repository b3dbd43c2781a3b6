"""`shipway workflows`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Json
from shipway.cli.invocation import call

group = typer.Typer(
    help="GitHub's workflows, written from shipway.toml.\n\nExample: shipway workflows diff",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="workflows")
    group.command("write")(write_workflows)
    group.command("check")(check_workflows)
    group.command("diff")(diff_workflows)


def write_workflows(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; write nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also replace files that Shipway did not write.")
    ] = False,
    json: Json = False,
) -> None:
    """Write .github/workflows of the repository from shipway.toml, and say what is left out.

    A file that Shipway did not write is never replaced without --force; one of its own that the
    configuration no longer wants is removed.

    Example: shipway workflows write --dry-run
    """
    options = {"directory": context.obj, "dry_run": dry_run, "force": force, "json": json}
    raise typer.Exit(call("write_workflows", options))


def check_workflows(context: typer.Context, json: Json = False) -> None:
    """Say whether the workflows are what shipway.toml wants; exit code 1 names each line.

    Example: shipway workflows check
    """
    raise typer.Exit(call("check_workflows", {"directory": context.obj, "json": json}))


def diff_workflows(context: typer.Context, json: Json = False) -> None:
    """Show what `workflows write` would change, as a unified diff.

    Example: shipway workflows diff
    """
    raise typer.Exit(call("diff_workflows", {"directory": context.obj, "json": json}))
