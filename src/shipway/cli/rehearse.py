"""`shipway rehearse`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli import completing
from shipway.cli.arguments import Json
from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rehearse)


def rehearse(
    context: typer.Context,
    environment: Annotated[
        str,
        typer.Argument(
            metavar="ENV",
            help="The environment whose settings are rehearsed; it is not touched.",
            autocompletion=completing.environments,
        ),
    ] = "local",
    strategy: Annotated[
        str,
        typer.Option(
            help="rolling, blue-green, linear or canary. Default: as the environment does.",
            autocompletion=completing.strategies,
        ),
    ] = "",
    fault: Annotated[
        str, typer.Option(help="What goes wrong, for example error=5%, slow=2x, kill-proxy.")
    ] = "",
    rate: Annotated[float, typer.Option(help="Requests a second.")] = 300.0,
    seconds: Annotated[
        float,
        typer.Option(min=0.1, max=300, help="Seconds of load before, between and after both ways."),
    ] = 5.0,
    path: Annotated[
        list[str] | None,
        typer.Option(help="What to ask for; again for more. Default: what smoke tests ask for."),
    ] = None,
    json: Json = False,
) -> None:
    """Roll out the packaged release and back, under load, in an environment made for it.

    Exit code 1 when users were not served to the end, or any was hit and no fault was ordered.

    Example: shipway rehearse --fault error=5%
    """
    options = {
        "directory": context.obj, "environment": environment, "strategy": strategy,
        "fault": fault, "rate": rate, "seconds": seconds, "paths": path or [], "json": json,
    }  # fmt: skip
    raise typer.Exit(call("rehearse", options))
