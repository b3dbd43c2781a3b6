"""`shipway logs`: the words it takes."""

from __future__ import annotations

from shipway.cli import showing_logs
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("logs", _logs, showing_logs.logs)


def _logs(parser: Parser) -> None:
    """Show the last lines of every instance's log; with -f those that come, until Ctrl-C.

    Example: shipway logs production -f
    """
    add_environment(parser, default="local")
    parser.add("--follow", "-f", action="store_true", help="Go on showing lines as they come.")
    add_json(parser, "Print each line as an object: instance, line.")
