"""`shipway doctor`: the words it takes."""

from __future__ import annotations

from shipway.cli import doctoring
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("doctor", _doctor, doctoring.examine)


def _doctor(parser: Parser) -> None:
    """Show what works here, what is missing, what is lost without it, and how to get it.

    A container engine is asked whether it works: that its client is here says little. Exit code 1
    if a need is missing.

    Example: shipway doctor
    """
    add_json(parser)
