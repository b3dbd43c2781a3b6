"""`shipway deploy`, `rollback`, `resume`, `cancel`, `status` and `down`: their words."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from shipway.cli import completing
from shipway.cli.arguments import Json, Where
from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (deploy, rollback, resume, cancel, status, down):
        app.command()(command)


def deploy(
    context: typer.Context,
    environment: Where = "local",
    without_verdict: Annotated[
        str,
        typer.Option(
            metavar="REASON", help="To AWS although no run has passed; the reason is recorded."
        ),
    ] = "",
    json: Json = False,
) -> None:
    """Roll out the release that was packaged last.

    That is the one whose step `package` ended last, also where it was cached: after a revert, after
    a switch of branches, and of several runs at once. It is named first, with its run and commit.

    Exit codes: 0 deployed, 1 failed or not ready, 3 rolled back, 4 unknown (shipway resume),
    6 needs a person.

    Example: shipway deploy production
    """
    _call("deploy", context, environment=environment, without_verdict=without_verdict, json=json)


def rollback(
    context: typer.Context,
    environment: Where = "local",
    to: Annotated[
        str,
        typer.Option(
            help="A release's name. Default: the last good one.",
            autocompletion=completing.releases,
        ),
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="Although it may not work with today's database.")
    ] = False,
    json: Json = False,
) -> None:
    """Go back to an earlier good release, without building anything.

    Example: shipway rollback production

    Example: shipway rollback local --to 1.0.0-4f2c9d1
    """
    _call("rollback", context, environment=environment, to=to, force=force, json=json)


def resume(context: typer.Context, environment: Where = "local", json: Json = False) -> None:
    """Go on with a rollout that was held or paused, or that a killed command left.

    Example: shipway resume local
    """
    _call("resume", context, environment=environment, json=json)


def cancel(context: typer.Context, environment: Where = "local", json: Json = False) -> None:
    """Undo a rollout that is not finished: the old release gets all requests again.

    Example: shipway cancel local
    """
    _call("cancel", context, environment=environment, json=json)


def status(
    context: typer.Context,
    environment: Where = "local",
    history: Annotated[bool, typer.Option("--history", help="Show past rollouts, too.")] = False,
    json: Json = False,
) -> None:
    """Show what runs in an environment. Exit code 1 when something of it is not well.

    Example: shipway status production --history
    """
    _call("status", context, environment=environment, history=history, json=json)


def down(context: typer.Context, environment: Where = "local", json: Json = False) -> None:
    """Stop everything that runs in an environment. Its data stay.

    Example: shipway down local
    """
    _call("down", context, environment=environment, json=json)


def _call(command: str, context: typer.Context, **options: Any) -> None:
    raise typer.Exit(call(command, {"directory": context.obj, **options}))
