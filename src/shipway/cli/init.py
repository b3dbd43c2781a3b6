"""`shipway init`: the words it takes."""

from __future__ import annotations

from argparse import BooleanOptionalAction

from shipway.cli import initing
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("init", _init, initing.init)


def _init(parser: Parser) -> None:
    """Give a repository with a Flask, Django or FastAPI application a pipeline.

    Says what it found and assumed, and writes shipway.toml, Dockerfile, .dockerignore, the lock
    and the workflows where they are missing.

    Example: shipway init --dry-run
    """
    parser.add("--dry-run", action="store_true", help="Show the difference; write and run nothing.")
    parser.add(
        "--force", action="store_true", help="Replace files that exist. Without it they stay."
    )
    parser.add(
        "--relock",
        action="store_true",
        help="Only resolve the requirements again, to today's versions.",
    )
    parser.add(
        "--baseline",
        action=BooleanOptionalAction,
        default=True,
        help="Run the checks once and record what is there already, so that only what is new "
        "fails.",
    )
    add_json(parser)
