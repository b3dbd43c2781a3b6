"""`monitor` carried out. Each command returns the exit code."""

from __future__ import annotations

import json as json_module
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from shipway.cli.monitoring_site import MonitoringSite, open_monitoring
from shipway.cli.progress import progress

if TYPE_CHECKING:
    from shipway.core.alarms.replay import Replay
    from shipway.core.infrastructure.change import Change


def monitor_show(*, directory: str, environment: str, template: bool, json: bool) -> int:
    """Print the alarms, or the template."""
    from shipway.aws.monitoring.template import template as rendered
    from shipway.core.alarms.telling import telling
    from shipway.outputs.alarms import alarm_data, alarm_lines

    watch = open_monitoring(directory, environment).watch
    if template:
        _print(rendered(watch))
    elif json:
        _print(alarm_data(watch.rules, watch.composites))
    else:
        print("\n".join(alarm_lines(watch.rules, watch.composites)))
        print("\n" + "\n".join(telling(watch.environment.monitoring)))
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
    from shipway.aws.monitoring.recorded import recorded
    from shipway.core.alarms.replay import replay

    site = open_monitoring(directory, environment)
    rules, now = site.found.rules, site.clock.now()
    begin = (int(now) // 3600 - hours) * 3600
    played = replay(rules, recorded(site.clients, rules, site.parameters, begin, now))
    if json:
        _print({"begin": begin, **asdict(played)})
    else:
        print("\n".join(_told(played, begin)))
    return 0


def plan_monitoring(site: MonitoringSite, *, json: bool) -> None:
    """Work the changes out, show them, and leave nothing behind."""
    from shipway.aws.applying import readable
    from shipway.core.infrastructure.wording import plan_lines

    readable(site.stack)
    change_set = site.prepared()
    if change_set:
        site.stack.discard(change_set)
    changes = change_set.changes if change_set else ()
    if json:
        _print({"stack": site.stack.name, "changes": _data(changes)})
    else:
        print("\n".join(plan_lines(changes)))


def apply_monitoring(site: MonitoringSite, *, json: bool) -> None:
    """Settle what is unfinished, then do what differs. Raises StackFailed and StillGoing."""
    from shipway.aws.applying import finish, settle

    say = progress(json=json)
    settle(site.stack, say)
    change_set = site.prepared()
    if change_set:
        finish(site.stack, site.stack.execute(change_set, say))
    changes = change_set.changes if change_set else ()
    if json:
        status = site.stack.status()
        _print({"stack": site.stack.name, "status": status, "changes": _data(changes)})
    elif not changes:
        print(f"{site.stack.name} is as configured")
    elif site.watch.environment.monitoring.mail:
        print("Whoever gets mail for the first time has to confirm it: AWS has sent a message.")


def _told(played: Replay, begin: int) -> list[str]:
    def at(minute: int) -> str:
        return f"{datetime.fromtimestamp(begin + 60 * (minute + 1), UTC):%Y-%m-%d %H:%M}"

    lines = []
    for spell in played.spells:
        until = at(spell.end) if spell.end is not None else "now"
        lines.append(f"on     {at(spell.begin)} … {until:<16}  {spell.alarm}")
    lines += [f"rings  {at(one.minute)}  {one.severity}  {one.alarm}" for one in played.rings]
    return lines or ["nothing would have rung"]


def _data(changes: Sequence[Change]) -> list[dict[str, str]]:
    from shipway.core.infrastructure.wording import sentence

    return [
        {"name": one.name, "type": one.type, "change": str(one.kind), "words": sentence(one)}
        for one in changes
    ]


def _print(data: Any) -> None:
    print(json_module.dumps(data, indent=2, default=str))
