"""`shipway logs`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Where
from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(logs)


def logs(
    context: typer.Context,
    environment: Where = "local",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on showing lines as they come.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print each line as an object: instance, line.")
    ] = False,
) -> None:  # fmt: skip
    """Show the last lines of every instance's log; with -f those that come, until Ctrl-C.

    Example: shipway logs production -f
    """
    options = {
        "directory": context.obj,
        "environment": environment,
        "follow": follow,
        "json": json,
    }
    raise typer.Exit(call("logs", options))
