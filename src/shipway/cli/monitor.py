"""`shipway monitor`: the words it takes."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from shipway.aws.clients import AwsClients
from shipway.aws.names import AwsResourceNames
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser, number
from shipway.cli.project import open_project
from shipway.cli.terminal import progress_printer
from shipway.config.schema import Config
from shipway.errors import ConfigError
from shipway.infrastructure.change import ResourceChange, change_sentence, plan_lines
from shipway.infrastructure.parameters import stack_tags
from shipway.infrastructure.stack import (
    ChangeSet,
    Stack,
    raise_if_failed,
    raise_if_unsettled,
    wait_until_settled,
)
from shipway.monitoring.cloudwatch import metric_history, stack_parameters
from shipway.monitoring.composite_alarms import alarm_data, alarm_lines
from shipway.monitoring.replay import AlarmReplay, replay_alarms
from shipway.monitoring.stack_template import (
    MonitoredEnvironment,
    monitoring_template,
    template_text,
)
from shipway.monitoring.topics import recipient_lines
from shipway.ports import Clients, Clock
from shipway.system.clock import SystemClock

# An environment on AWS that is watched, with all that is needed to plan and to apply it.


@dataclass(frozen=True)
class MonitoringContext:
    """The monitoring stack of one environment. every: seconds. template: "" for the real one."""

    config: Config
    where: str
    clients: Clients
    clock: Clock = field(default_factory=SystemClock)
    every: float = 3.0
    template: str = ""

    @cached_property
    def names(self) -> AwsResourceNames:
        """What is called how."""
        return AwsResourceNames(self.config.application.name, self.where)

    @cached_property
    def watch(self) -> MonitoredEnvironment:
        """As it is configured, with a database. Nobody is asked."""
        return MonitoredEnvironment(self.names, self.config.environments[self.where])

    @cached_property
    def found(self) -> MonitoredEnvironment:
        """As it is in the account: with a database where there is one."""
        return replace(self.watch, with_database="Database" in self.parameters)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """What only the account knows. Raises NotDeployed and AwsApiError."""
        levers = self.watch.environment.infrastructure
        home = replace(self.names, environment=levers.shares or self.where)
        return stack_parameters(self.clients, self.names, home, database=levers.database.identifier)

    @cached_property
    def stack(self) -> Stack:
        """The stack itself."""
        return Stack(self.clients, self.names.monitoring_stack, self.clock, self.every)

    def prepared(self) -> ChangeSet | None:
        """What would change. None: nothing. Raises StackFailed and ConfigError."""
        sent = self.template or template_text(self.found)
        return self.stack.prepare(sent, self.parameters, stack_tags(self.config, self.where))


def open_monitoring(directory: str, where: str) -> MonitoringContext:
    """The monitoring of an environment. Raises ConfigError where CloudWatch cannot watch it."""
    config = open_project(directory).config
    if where not in config.environments:
        configured = ", ".join(config.environments) or "none"
        raise ConfigError(
            f"there is no environment {where}",
            f"shipway.toml has: {configured}.",
            code="unknown-name",
        )
    if config.environments[where].platform != "ecs":
        raise ConfigError(
            f"{where} runs on this machine: CloudWatch cannot watch it",
            f'Name an environment on AWS, or set environments.{where}.platform = "ecs".',
            code="wrong-platform",
        )
    return MonitoringContext(config, where, AwsClients(config.aws))


# `monitor` carried out. Each command returns the exit code.


def monitor_show(*, directory: str, environment: str, template: bool, json: bool) -> int:
    """Print the alarms, or the template."""
    watch = open_monitoring(directory, environment).watch
    if template:
        _print(monitoring_template(watch))
    elif json:
        _print(alarm_data(watch.rules, watch.composites))
    else:
        print("\n".join(alarm_lines(watch.rules, watch.composites)))
        print("\n" + "\n".join(recipient_lines(watch.environment.monitoring)))
    return 0


def monitor_plan(*, directory: str, environment: str, json: bool) -> int:
    """Show what `apply` would do, and leave nothing behind."""
    plan_monitoring(open_monitoring(directory, environment), json=json)
    return 0


def monitor_apply(*, directory: str, environment: str, json: bool) -> int:
    """Bring the stack in line. Nothing in it is data, so nobody is asked."""
    apply_monitoring(open_monitoring(directory, environment), json=json)
    return 0


def monitor_replay(*, directory: str, environment: str, hours: int, json: bool) -> int:
    """Show what would have rung."""
    context = open_monitoring(directory, environment)
    rules, now = context.found.rules, context.clock.now()
    begin = (int(now) // 3600 - hours) * 3600
    played = replay_alarms(
        rules, metric_history(context.clients, rules, context.parameters, begin, now)
    )
    if json:
        _print({"begin": begin, **asdict(played)})
    else:
        print("\n".join(_told(played, begin)))
    return 0


def plan_monitoring(context: MonitoringContext, *, json: bool) -> None:
    """Work the changes out, show them, and leave nothing behind."""
    raise_if_unsettled(context.stack)
    change_set = context.prepared()
    if change_set:
        context.stack.discard(change_set)
    changes = change_set.changes if change_set else ()
    if json:
        _print({"stack": context.stack.name, "changes": _data(changes)})
    else:
        print("\n".join(plan_lines(changes)))


def apply_monitoring(context: MonitoringContext, *, json: bool) -> None:
    """Settle what is unfinished, then do what differs. Raises StackFailed and StillGoing."""
    say = progress_printer(json=json)
    wait_until_settled(context.stack, say)
    change_set = context.prepared()
    if change_set:
        raise_if_failed(context.stack, context.stack.execute(change_set, say))
    changes = change_set.changes if change_set else ()
    if json:
        status = context.stack.status()
        _print({"stack": context.stack.name, "status": status, "changes": _data(changes)})
    elif not changes:
        print(f"{context.stack.name} is as configured")
    elif context.watch.environment.monitoring.mail:
        print("Whoever gets mail for the first time has to confirm it: AWS has sent a message.")


def _told(played: AlarmReplay, begin: int) -> list[str]:
    def at(minute: int) -> str:
        return f"{datetime.fromtimestamp(begin + 60 * (minute + 1), UTC):%Y-%m-%d %H:%M}"

    lines = []
    for spell in played.spells:
        until = at(spell.end) if spell.end is not None else "now"
        lines.append(f"on     {at(spell.begin)} … {until:<16}  {spell.alarm}")
    lines += [f"rings  {at(ring.minute)}  {ring.severity}  {ring.alarm}" for ring in played.rings]
    return lines or ["nothing would have rung"]


def _data(changes: Sequence[ResourceChange]) -> list[dict[str, str]]:
    return [
        {
            "name": change.name,
            "type": change.type,
            "change": str(change.kind),
            "words": change_sentence(change),
        }
        for change in changes
    ]


def _print(data: Any) -> None:
    print(json_module.dumps(data, indent=2, default=str))


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("monitor", _monitor)


def _monitor(parser: Parser) -> None:
    """Alarms, dashboard and saved queries of an environment on AWS: docs/monitoring.md.

    Example: shipway monitor show production
    """
    parser.add_command("show", _show, monitor_show)
    parser.add_command("plan", _plan, monitor_plan)
    parser.add_command("apply", _apply, monitor_apply)
    parser.add_command("replay", _replay, monitor_replay)


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
