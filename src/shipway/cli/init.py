"""`shipway init`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Json
from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the difference; write and run nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that exist. Without it they stay.")
    ] = False,
    relock: Annotated[
        bool,
        typer.Option("--relock", help="Only resolve the requirements again, to today's versions."),
    ] = False,
    baseline: Annotated[
        bool,
        typer.Option(
            help="Run the checks once and record what is there already, so that only what is new "
            "fails."
        ),
    ] = True,
    json: Json = False,
) -> None:
    """Give a repository with a Flask, Django or FastAPI application a pipeline.

    Says what it found and assumed, and writes shipway.toml, Dockerfile, .dockerignore, the lock
    and the workflows where they are missing.

    Example: shipway init --dry-run
    """
    options = {
        "directory": context.obj, "dry_run": dry_run, "force": force, "relock": relock,
        "baseline": baseline, "json": json,
    }  # fmt: skip
    raise typer.Exit(call("init", options))
