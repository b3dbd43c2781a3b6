"""What is looked at before anything is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from shipway.core.config import Environment
from shipway.core.errors import CannotRun
from shipway.effects.aws_errors import Refused
from shipway.platforms.ecs.calls import Calls
from shipway.platforms.ecs.tools import Obstacle


class NotReady(CannotRun):
    """Something stands in the way; nothing was changed."""

    exit_code = 1


def must_be_ready(obstacles: Sequence[Obstacle]) -> None:
    """Raises NotReady with all of them."""
    if not obstacles:
        return
    lines = [f"  - {one.message} {one.remedy}".rstrip() for one in obstacles]
    count = "one thing is" if len(lines) == 1 else f"{len(lines)} things are"
    raise NotReady(
        "\n".join((f"{count} not ready; nothing was changed:", *lines)),
        "Correct what is listed, and deploy again.",
    )


def marked(settings: Environment) -> str:
    """A digest of what a task definition is made of, besides the release: where that changed,
    the same release is deployed again."""
    made_of = repr((settings.env, settings.secrets, settings.ecs))
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def warn_of_alarms(calls: Calls, names: Sequence[str]) -> list[str]:
    """A warning for every alarm that fires already: ECS watches none in a deployment that
    begins so (docs/ecs.md). Where they cannot be read, that is said."""
    if not names:
        return []
    try:
        found = calls("cloudwatch", "describe_alarms", AlarmNames=list(names), StateValue="ALARM")
    except Refused as problem:
        return [f"whether alarms fire already is not known: {problem.message}"]
    rows = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
    return [
        f"WARNING: the alarm {one['AlarmName']} fires already: ECS watches no alarm in a "
        "deployment that begins so"
        for one in rows
    ]
