"""Whether the alarms exist and are quiet.

An alarm that is already in ALARM when a deployment starts switches ECS's alarm checks off for that
deployment (developer guide, "How CloudWatch alarms detect Amazon ECS deployment failures").
"""

from __future__ import annotations

from shipway.core.command_line import command_line
from shipway.platforms.ecs.preflight.problem import Problem, looking
from shipway.platforms.ecs.preflight.subject import Subject

CHECK = "alarms"
_AT_ONCE = 100  # names of one DescribeAlarms


def alarms(subject: Subject) -> list[Problem]:
    """Look at those that are configured, and those that the service has already."""
    found: list[Problem] = []
    attached = subject.service.get("deploymentConfiguration", {}).get("alarms", {})
    names = list(dict.fromkeys((*subject.settings.ecs.alarms, *attached.get("alarmNames", ()))))
    states: dict[str, str] = {}
    cloudwatch = subject.clients.client("cloudwatch") if names else None
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        with looking(CHECK, f"the alarms {', '.join(some)}", found):
            assert cloudwatch is not None
            answer = cloudwatch.describe_alarms(
                AlarmNames=some, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
            )
            rows = (*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ()))
            states |= {one["AlarmName"]: one["StateValue"] for one in rows}
            found += [_missing(subject, name) for name in some if name not in states]
    found += [_firing(name) for name, state in states.items() if state == "ALARM"]
    return found


def _missing(subject: Subject, name: str) -> Problem:
    return Problem(
        CHECK, f"there is no alarm {name}",
        f"Make it: {command_line('monitor', 'apply', subject.names.environment)}; or correct "
        f"{subject.place}.alarms.",
    )  # fmt: skip


def _firing(name: str) -> Problem:
    return Problem(
        CHECK, f"the alarm {name} is firing already: ECS would deploy without looking at alarms",
        "Mend what it measures first, or take it out for this deployment.",
    )  # fmt: skip
