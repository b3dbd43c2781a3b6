"""What would change in a task definition, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.platforms.ecs.taskdef import OURS, READ_ONLY

# Lists whose order says nothing, and what names one of their members.
_KEYED = {
    "containerDefinitions": "name", "environment": "name", "secrets": "name",
    "portMappings": "containerPort", "volumes": "name", "mountPoints": "containerPath",
    "ulimits": "name", "systemControls": "namespace",
}  # fmt: skip
_VALUES = {"environment": "value", "secrets": "valueFrom"}
_SHORT = {"containerDefinitions": "", "environment": "env", "portMappings": "port"}


@dataclass(frozen=True)
class Change:
    """One field. before or after is None where it is not there."""

    path: str
    before: str | None
    after: str | None

    @property
    def words(self) -> str:
        """`~ web.image: a → b`, `+ web.env.NAME: b`, `- web.env.NAME: a`."""
        if self.before is None:
            return f"+ {self.path}: {self.after}"
        if self.after is None:
            return f"- {self.path}: {self.before}"
        return f"~ {self.path}: {self.before} → {self.after}"


def difference(running: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> tuple[Change, ...]:
    """The changes from what runs (None: nothing does) to what would, in the order of paths.

    What is only there because ECS fills it in (empty lists, a container's `cpu` of 0) is none.
    """
    before = dict(_flat(running or {}, ""))
    after = dict(_flat(wanted, ""))
    paths = sorted(before.keys() | after.keys())
    return tuple(
        Change(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    )


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            if not _silent(key, one, path):
                yield from _member(key, one, path)
    elif isinstance(value, (list, tuple)):
        for number, one in enumerate(value):
            yield from _flat(one, f"{path}[{number}]")
    else:
        yield path, str(value)


def _member(key: str, value: Any, path: str) -> Iterator[tuple[str, str]]:
    below = ".".join(filter(None, (path, _SHORT.get(key, key))))
    if key in _KEYED and isinstance(value, (list, tuple)):
        yield from _rows(key, value, below)
    elif isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        yield below, " ".join(value)
    else:
        yield from _flat(value, below)


def _rows(key: str, rows: Sequence[Mapping[str, Any]], path: str) -> Iterator[tuple[str, str]]:
    named = _KEYED[key]
    for row in rows:
        below = ".".join(filter(None, (path, str(row.get(named, "")))))
        if key in _VALUES:
            yield below, str(row.get(_VALUES[key], ""))
            continue
        rest = {name: one for name, one in row.items() if name != named}
        yield from list(_flat(rest, below)) or [(below, "there")]


def _silent(key: str, value: Any, path: str) -> bool:
    """What says nothing: ECS's own fields, empty ones, and its defaults."""
    if not path and key in READ_ONLY:
        return True
    if value in ([], {}, (), "", None) or key == OURS:
        return True
    # Describe answers them where Register was not told; with awsvpc a container's port is the
    # host's (API reference, PortMapping).
    return (key, value) in (("cpu", 0), ("protocol", "tcp")) or key == "hostPort"
