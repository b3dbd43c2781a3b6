"""`shipway hold`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Json, Where
from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(hold)


def hold(
    context: typer.Context,
    environment: Where,
    reason: Annotated[str, typer.Option(help="Why nobody may deploy now.")] = "",
    release: Annotated[bool, typer.Option("--release", help="Let deploys through again.")] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Let nobody deploy to an environment until it is released. Without options: show the hold.

    An environment on ECS is held for every machine, by a parameter in SSM; another one for this
    machine, in the record. Going back (shipway rollback) is never held.

    Example: shipway hold production --reason "the election is counted"
    """
    options = {
        "directory": context.obj, "environment": environment, "reason": reason,
        "release": release, "json": json,
    }  # fmt: skip
    raise typer.Exit(call("hold", options))
