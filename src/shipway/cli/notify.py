"""`shipway notify`: the words it takes."""

from __future__ import annotations

from shipway.cli import notifying
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser
from shipway.core.notice import Event


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("notify", _notify, notifying.notify)


def _notify(parser: Parser) -> None:
    """Show the message that [notify] would send about an environment's last rollout, and to whom.

    Nothing is sent without --send. Exit code 1 when a message did not arrive.

    Example: shipway notify production --event failed --send
    """
    events = [event.value for event in Event]
    add_environment(parser, default="local")
    parser.add(
        "--event",
        choices=events,
        default="",
        metavar="|".join(events),
        help="What the message is about. Default: how the last rollout ended.",
    )
    parser.add("--send", action="store_true", help="Send it, marked as a test.")
    add_json(parser)
