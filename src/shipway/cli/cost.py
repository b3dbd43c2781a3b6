"""`shipway cost`: the words it takes."""

from __future__ import annotations

from shipway.cli import completing, costing
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("cost", _cost, costing.cost)


def _cost(parser: Parser) -> None:
    """Estimate what a month costs, line by line, and what would cost less. Asks nobody.

    Quantities follow the levers in shipway.toml; prices have a date and a source, and yours in
    [cost.prices] come first. Limits: [cost.limits], and aws.budget for all. With --check the exit
    code is 1 above a limit, 5 where a price is not known.

    Example: shipway cost staging
    """
    parser.add(
        "environment",
        metavar="ENV",
        nargs="?",
        default="",
        complete=completing.environments,
        help="An environment on AWS; all of them without it.",
    )
    parser.add("--prices", metavar="FILE", default="", help="A TOML file of newer prices.")
    parser.add("--check", action="store_true", help="Exit code 1 when a limit is exceeded.")
    add_json(parser)
