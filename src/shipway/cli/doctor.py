"""`shipway doctor`: what works here, what is missing, what is lost without it, how to get it."""

from __future__ import annotations

import typer

from shipway.cli.arguments import Json


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    json: Json = False,
) -> None:
    """Show what works here, what is missing, what is lost without it, and how to get it.

    A container engine is asked whether it works: that its client is here says little. Exit code 1
    if a need is missing.

    Example: shipway doctor
    """
    from shipway.cli.doctoring import examine

    raise typer.Exit(examine(json=json))
