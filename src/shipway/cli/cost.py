"""`shipway cost`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Json
from shipway.cli.completing import environments
from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(cost)


def cost(
    context: typer.Context,
    environment: Annotated[
        str,
        typer.Argument(
            metavar="[ENV]", help="An environment on AWS; all of them without it.",
            autocompletion=environments,
        ),
    ] = "",
    prices: Annotated[
        str, typer.Option("--prices", metavar="FILE", help="A TOML file of newer prices.")
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 1 when a limit is exceeded.")
    ] = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Estimate what a month costs, line by line, and what would cost less. Asks nobody.

    Quantities follow the levers in shipway.toml; prices have a date and a source, and yours in
    [cost.prices] come first. Limits: [cost.limits], and aws.budget for all. With --check the exit
    code is 1 above a limit, 5 where a price is not known.

    Example: shipway cost staging
    """
    options = {"environment": environment, "prices": prices, "check": check, "json": json}
    raise typer.Exit(call("cost", {"directory": context.obj, **options}))
