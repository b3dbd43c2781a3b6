"""`shipway notify`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Json, Where
from shipway.cli.invocation import call
from shipway.core.notice import Event


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(notify)


def notify(
    context: typer.Context,
    environment: Where = "local",
    event: Annotated[
        Event | None,
        typer.Option(help="What the message is about. Default: how the last rollout ended."),
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Send it, marked as a test.")] = False,
    json: Json = False,
) -> None:
    """Show the message that [notify] would send about an environment's last rollout, and to whom.

    Nothing is sent without --send. Exit code 1 when a message did not arrive.

    Example: shipway notify production --event failed --send
    """
    named = str(event) if event else ""
    options = {"environment": environment, "event": named, "send": send, "json": json}
    raise typer.Exit(call("notify", {"directory": context.obj, **options}))
