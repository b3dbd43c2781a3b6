"""`monitor` carried out."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shipway.cli.project import Project, open_project
from shipway.core.errors import ConfigError
from shipway.core.naming import Names
from shipway.effects.clock import SystemClock

if TYPE_CHECKING:
    from shipway.aws.monitoring.stack import MonitoringStack
    from shipway.aws.monitoring.template import Watch
    from shipway.core.alarms.replay import Replay
    from shipway.effects.aws import AwsClients


def monitor_show(*, directory: str, environment: str, template: bool, json: bool) -> int:
    """Print the alarms, or the template; the exit code."""
    from shipway.aws.monitoring.template import template as rendered
    from shipway.outputs.alarms import alarm_data, alarm_lines

    watch = _watched(directory, environment).watch
    if template:
        _print(rendered(watch))
    elif json:
        _print(alarm_data(watch.rules, watch.composites))
    else:
        print("\n".join(alarm_lines(watch.rules, watch.composites)))
    return 0


def monitor_plan(*, directory: str, environment: str, json: bool) -> int:
    """Print what `apply` would do; the exit code."""
    from shipway.aws.monitoring.template import text

    there = _watched(directory, environment)
    changes = there.stack.plan(text(there.found), there.parameters)
    if json:
        _print({"stack": there.names.monitoring_stack, "changes": [asdict(one) for one in changes]})
        return 0
    for one in changes:
        word = "replace" if one.replaced else one.action.lower()
        print(f"{word:<8} {one.id}  ({one.kind})")
    print(f"{len(changes)} changes" if changes else "nothing would change")
    return 0


def monitor_apply(*, directory: str, environment: str, json: bool) -> int:
    """Apply the stack; the exit code."""
    from shipway.aws.monitoring.template import text

    there = _watched(directory, environment)
    name = there.names.monitoring_stack
    tell = (lambda line: None) if json else print
    changed = there.stack.apply(text(there.found), there.parameters, tell)
    if json:
        _print({"stack": name, "changed": changed})
        return 0
    print(f"{name}: " + ("applied" if changed else "nothing to change"))
    if changed and there.found.environment.monitoring.mail:
        print("Whoever gets mail for the first time has to confirm it: AWS has sent a message.")
    return 0


def monitor_replay(*, directory: str, environment: str, hours: int, json: bool) -> int:
    """Print what would have rung; the exit code."""
    from shipway.aws.monitoring.recorded import recorded
    from shipway.core.alarms.replay import replay

    there = _watched(directory, environment)
    rules = there.found.rules
    now = SystemClock().now()
    begin = (int(now) // 3600 - hours) * 3600
    played = replay(rules, recorded(there.clients, rules, there.parameters, begin, now))
    if json:
        _print({"begin": begin, **asdict(played)})
    else:
        print("\n".join(_told(played, begin)))
    return 0


def _told(played: Replay, begin: int) -> list[str]:
    def at(minute: int) -> str:
        return f"{datetime.fromtimestamp(begin + 60 * (minute + 1), UTC):%Y-%m-%d %H:%M}"

    lines = []
    for spell in played.spells:
        until = f"{at(spell.end)}" if spell.end is not None else "now"
        lines.append(f"on     {at(spell.begin)} … {until:<16}  {spell.alarm}")
    lines += [f"rings  {at(one.minute)}  {one.severity}  {one.alarm}" for one in played.rings]
    return lines or ["nothing would have rung"]


@dataclass(frozen=True)
class _Watched:
    """An environment on AWS and what is needed to watch it."""

    project: Project
    name: str

    @cached_property
    def names(self) -> Names:
        return Names(self.project.config.application.name, self.name)

    @cached_property
    def watch(self) -> Watch:
        """As it is configured, with a database."""
        from shipway.aws.monitoring.template import Watch

        return Watch(self.names, self.project.config.environments[self.name])

    @cached_property
    def found(self) -> Watch:
        """As it is in the account: with a database where there is one."""
        from dataclasses import replace

        return replace(self.watch, with_database="Database" in self.parameters)

    @cached_property
    def clients(self) -> AwsClients:
        from shipway.effects.aws import AwsClients

        return AwsClients(self.project.config.aws)

    @cached_property
    def parameters(self) -> dict[str, str]:
        from shipway.aws.monitoring.looking import parameters

        database = self.watch.environment.monitoring.database
        return parameters(self.clients, self.names, database=database)

    @cached_property
    def stack(self) -> MonitoringStack:
        from shipway.aws.monitoring.stack import MonitoringStack

        return MonitoringStack(self.clients, SystemClock(), self.names.monitoring_stack)


def _watched(directory: str, name: str) -> _Watched:
    project = open_project(directory)
    environments = project.config.environments
    if name not in environments:
        known = ", ".join(environments) or "none"
        raise ConfigError(f"there is no environment {name}", f"shipway.toml has: {known}.")
    if environments[name].platform != "ecs":
        raise ConfigError(
            f"{name} runs on this machine: CloudWatch cannot watch it",
            f'Name an environment on AWS, or set environments.{name}.platform = "ecs".',
        )
    return _Watched(project, name)


def _print(data: Any) -> None:
    print(json_module.dumps(data, indent=2, default=str))
