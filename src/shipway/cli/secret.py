"""`shipway secret set`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.arguments import Json, Where
from shipway.cli.invocation import call

group = typer.Typer(
    help="Secrets of an environment in AWS.\n\nExample: shipway secret set staging DATABASE_URL",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="secret")
    group.callback()(_group)  # or the only command would be the group itself
    group.command("set")(set_)


def _group() -> None:
    """Secrets of an environment in AWS.

    Example: shipway secret set staging DATABASE_URL
    """


def set_(
    context: typer.Context,
    environment: Where,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The secret, for example DATABASE_URL.")
    ],
    json: Json = False,
) -> None:
    """Put a secret into Secrets Manager. It is read from standard input, or asked for unseen.

    Example: shipway secret set staging DATABASE_URL < url.txt
    """
    options = {"directory": context.obj, "environment": environment, "name": name, "json": json}
    raise typer.Exit(call("secret_set", options))
