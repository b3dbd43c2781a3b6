"""`shipway promote`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli import completing
from shipway.cli.arguments import Json
from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(promote)


def promote(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM", help="The environment whose release is taken.",
            autocompletion=completing.environments,
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TO", help="The environment that gets it.",
            autocompletion=completing.environments,
        ),
    ],
    without_verdict: Annotated[
        str,
        typer.Option(metavar="REASON", help="Although it has not passed; the reason is recorded."),
    ] = "",
    json: Json = False,
) -> None:  # fmt: skip
    """Roll out to one environment what runs in another: the same digest, nothing built again.

    Says first what changes there: commits, migrations, the lock file. Refused where a rollout of
    either is not finished, and where the newest whole run of this digest has not passed.

    Example: shipway promote staging production
    """
    options = {
        "source": source, "target": target, "without_verdict": without_verdict, "json": json,
    }  # fmt: skip
    raise typer.Exit(call("promote", {"directory": context.obj, **options}))
