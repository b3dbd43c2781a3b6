"""`shipway deploy`, `rollback`, `resume`, `cancel`, `status` and `down`: their words."""

from __future__ import annotations

from shipway.cli import completing, deploying
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the commands."""
    commands.add_command("deploy", _deploy, deploying.deploy)
    commands.add_command("rollback", _rollback, deploying.rollback)
    commands.add_command("resume", _resume, deploying.resume)
    commands.add_command("cancel", _cancel, deploying.cancel)
    commands.add_command("status", _status, deploying.status)
    commands.add_command("down", _down, deploying.down)


def _deploy(parser: Parser) -> None:
    """Roll out the release that was packaged last.

    That is the one whose step `package` ended last, also where it was cached: after a revert, after
    a switch of branches, and of several runs at once. It is named first, with its run and commit.

    Exit codes: 0 deployed, 1 failed or not ready, 3 rolled back, 4 unknown (shipway resume),
    6 needs a person.

    Example: shipway deploy production
    """
    add_environment(parser, default="local")
    parser.add(
        "--without-verdict",
        metavar="REASON",
        default="",
        help="To AWS although no run has passed; the reason is recorded.",
    )
    add_json(parser)


def _rollback(parser: Parser) -> None:
    """Go back to an earlier good release, without building anything.

    Example: shipway rollback production

    Example: shipway rollback local --to 1.0.0-4f2c9d1
    """
    add_environment(parser, default="local")
    parser.add(
        "--to",
        default="",
        complete=completing.releases,
        help="A release's name. Default: the last good one.",
    )
    parser.add(
        "--force", action="store_true", help="Although it may not work with today's database."
    )
    add_json(parser)


def _resume(parser: Parser) -> None:
    """Go on with a rollout that was held or paused, or that a killed command left.

    Example: shipway resume local
    """
    add_environment(parser, default="local")
    add_json(parser)


def _cancel(parser: Parser) -> None:
    """Undo a rollout that is not finished: the old release gets all requests again.

    Example: shipway cancel local
    """
    add_environment(parser, default="local")
    add_json(parser)


def _status(parser: Parser) -> None:
    """Show what runs in an environment. Exit code 1 when something of it is not well.

    Example: shipway status production --history
    """
    add_environment(parser, default="local")
    parser.add("--history", action="store_true", help="Show past rollouts, too.")
    add_json(parser)


def _down(parser: Parser) -> None:
    """Stop everything that runs in an environment. Its data stay.

    Example: shipway down local
    """
    add_environment(parser, default="local")
    add_json(parser)
