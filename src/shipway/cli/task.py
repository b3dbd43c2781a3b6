"""`shipway task`: the words it takes."""

from __future__ import annotations

from argparse import REMAINDER

from shipway.cli import tasking
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser, Rest


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("task", _task, tasking.task)


def _task(parser: Parser) -> None:
    """Run one command in an environment, with the release that serves there, and wait for it.

    On ECS it is a task of its own. Everybody who may look at tasks sees the command's words: no
    secrets in them. Exit code 1 when the command fails.

    Example: shipway task production -- flask --app main db current
    """
    add_environment(parser)
    parser.add(
        "command",
        action=Rest,
        nargs=REMAINDER,
        metavar="-- COMMAND",
        help="The command and its words.",
    )
    add_json(parser, "Print JSON at the end; lines go to standard error.")
