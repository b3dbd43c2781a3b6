"""Tasks as `shipway status` shows instances. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def instances(tasks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One for every task. A container without a health check is well while it runs (M:
    healthStatus is UNKNOWN)."""
    return [
        {
            "release": task["taskDefinitionArn"].rsplit("/", 1)[-1],
            "address": task["taskArn"].rsplit("/", 1)[-1],
            "alive": task.get("lastStatus") == "RUNNING",
            "health": _health(task),
        }
        for task in tasks
    ]


def _health(task: Mapping[str, Any]) -> str:
    status = task.get("lastStatus", "")
    if status != "RUNNING":
        return str(status).lower()
    return "unhealthy" if task.get("healthStatus") == "UNHEALTHY" else "ok"
