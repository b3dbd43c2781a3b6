"""`shipway task`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Where
from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(task)


def task(
    context: typer.Context,
    environment: Where,
    command: Annotated[
        list[str], typer.Argument(metavar="-- COMMAND", help="The command and its words.")
    ],
    json: Annotated[
        bool, typer.Option("--json", help="Print JSON at the end; lines go to standard error.")
    ] = False,
) -> None:  # fmt: skip
    """Run one command in an environment, with the release that serves there, and wait for it.

    On ECS it is a task of its own. Everybody who may look at tasks sees the command's words: no
    secrets in them. Exit code 1 when the command fails.

    Example: shipway task production -- flask --app main db current
    """
    options = {
        "directory": context.obj, "environment": environment, "command": command, "json": json,
    }  # fmt: skip
    raise typer.Exit(call("task", options))
