"""`shipway promote`: the words it takes."""

from __future__ import annotations

from shipway.cli import completing, promoting
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("promote", _promote, promoting.promote)


def _promote(parser: Parser) -> None:
    """Roll out to one environment what runs in another: the same digest, nothing built again.

    Says first what changes there: commits, migrations, the lock file. Refused where a rollout of
    either is not finished, and where the newest whole run of this digest has not passed.

    Example: shipway promote staging production
    """
    parser.add(
        "source",
        metavar="FROM",
        complete=completing.environments,
        help="The environment whose release is taken.",
    )
    parser.add(
        "target",
        metavar="TO",
        complete=completing.environments,
        help="The environment that gets it.",
    )
    parser.add(
        "--without-verdict",
        metavar="REASON",
        default="",
        help="Although it has not passed; the reason is recorded.",
    )
    add_json(parser)
