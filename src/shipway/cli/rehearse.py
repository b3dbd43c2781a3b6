"""`shipway rehearse`: the words it takes."""

from __future__ import annotations

from shipway.cli import completing, rehearsing
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser, number


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("rehearse", _rehearse, rehearsing.rehearse)


def _rehearse(parser: Parser) -> None:
    """Roll out the packaged release and back, under load, in an environment made for it.

    Exit code 1 when users were not served to the end, or any was hit and no fault was ordered.

    Example: shipway rehearse --fault error=5%
    """
    parser.add(
        "environment",
        metavar="ENV",
        nargs="?",
        default="local",
        complete=completing.environments,
        help="The environment whose settings are rehearsed; it is not touched.",
    )
    parser.add(
        "--strategy",
        default="",
        complete=completing.strategies,
        help="rolling, blue-green, linear or canary. Default: as the environment does.",
    )
    parser.add(
        "--fault", default="", help="What goes wrong, for example error=5%, slow=2x, kill-proxy."
    )
    parser.add(
        "--rate", type=number(float), default=300.0, metavar="NUMBER", help="Requests a second."
    )
    parser.add(
        "--seconds",
        type=number(float, least=0.1, most=300),
        default=5.0,
        metavar="NUMBER",
        help="Seconds of load before, between and after both ways.",
    )
    parser.add(
        "--path",
        dest="paths",
        action="append",
        default=[],
        help="What to ask for; again for more. Default: what smoke tests ask for.",
    )
    add_json(parser)
