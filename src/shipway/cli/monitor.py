"""`shipway monitor`: the words it takes."""

from __future__ import annotations

from shipway.cli import monitoring
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser, number


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("monitor", _monitor)


def _monitor(parser: Parser) -> None:
    """Alarms, dashboard and saved queries of an environment on AWS: docs/monitoring.md.

    Example: shipway monitor show production
    """
    parser.add_command("show", _show, monitoring.monitor_show)
    parser.add_command("plan", _plan, monitoring.monitor_plan)
    parser.add_command("apply", _apply, monitoring.monitor_apply)
    parser.add_command("replay", _replay, monitoring.monitor_replay)


def _show(parser: Parser) -> None:
    """Show the alarms in words: when each rings, what it means, where it goes. Asks nobody.

    Example: shipway monitor show production
    """
    add_environment(parser)
    parser.add("--template", action="store_true", help="Print the CloudFormation template instead.")
    add_json(parser)


def _plan(parser: Parser) -> None:
    """Show what `monitor apply` would create, change and delete.

    Example: shipway monitor plan production
    """
    add_environment(parser)
    add_json(parser)


def _apply(parser: Parser) -> None:
    """Create the monitoring stack, or bring it in line with shipway.toml. Safe to repeat.

    Example: shipway monitor apply production
    """
    add_environment(parser)
    add_json(parser)


def _replay(parser: Parser) -> None:
    """Show what would have rung: the alarms of shipway.toml over the metrics of the last hours.

    Thresholds can be tried before they are applied. Reads metrics only, changes nothing.

    Example: shipway monitor replay production --hours 72
    """
    add_environment(parser)
    parser.add(
        "--hours",
        type=number(int, least=1, most=360),
        default=24,
        metavar="NUMBER",
        help="How far back to look.",
    )
    add_json(parser)
