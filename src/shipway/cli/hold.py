"""`shipway hold`: the words it takes."""

from __future__ import annotations

from shipway.cli import holding
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("hold", _hold, holding.hold)


def _hold(parser: Parser) -> None:
    """Let nobody deploy to an environment until it is released. Without options: show the hold.

    An environment on ECS is held for every machine, by a parameter in SSM; another one for this
    machine, in the record. Going back (shipway rollback) is never held.

    Example: shipway hold production --reason "the election is counted"
    """
    add_environment(parser)
    parser.add("--reason", default="", help="Why nobody may deploy now.")
    parser.add("--release", action="store_true", help="Let deploys through again.")
    add_json(parser)
