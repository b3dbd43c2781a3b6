"""`shipway clean`: the words it takes."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli.invocation import call


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(clean)


def clean(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what the policy [retention] no longer keeps and how much it is, then remove it.

    A terminal is asked first; anywhere else nothing is removed without --yes. What runs, and
    what a rollout that is not finished names, always stays.

    Example: shipway clean --yes
    """
    raise typer.Exit(call("clean", {"directory": context.obj, "yes": yes, "json": json}))
