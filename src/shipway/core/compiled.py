"""A compiled pipeline as text: what the next run needs, without pydantic and TOML.

Steps and configuration apart: a run in which everything is cached never reads the latter.
"""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from shipway.core.dependency import Role
from shipway.core.step import Kind, Step

if TYPE_CHECKING:
    from shipway.core.config import Config

_KINDS = {str(kind): kind for kind in Kind}
_ROLES = {str(role): role for role in Role}


def dump_steps(steps: list[Step]) -> list[list[Any]]:
    """Steps as JSON-able rows."""
    return [
        [s.name, s.stage, s.kind, s.work, s.needs, s.inputs, s.env, s.timeout, s.retries, s.cores,
         s.max_age, s.expected, s.branches, s.role, s.products, s.tool, s.identity]
        for s in steps
    ]  # fmt: skip


def load_steps(rows: list[list[Any]]) -> list[Step]:
    """The steps in rows which `dump_steps` made."""
    return [_step(row) for row in rows]


def _step(row: list[Any]) -> Step:
    name, stage, kind, work, needs, inputs, env, timeout, retries, cores, *rest = row
    max_age, expected, branches, role, products, tool, identity = rest
    step = Step(
        name, stage, _KINDS[kind], work, tuple(needs), tuple(inputs), tuple(env), timeout,
        retries, cores, max_age, expected, tuple(branches), _ROLES[role],
        tuple(products), tool,
    )  # fmt: skip
    step.known_identity = identity
    return step


def dump_config(config: Config) -> str:
    """The configuration as JSON, without the team's own steps, which are steps by now."""
    return json.dumps(asdict(replace(config, steps={})), separators=(",", ":"), default=str)


def load_config(text: str) -> Config:
    """The configuration in `text`, which `dump_config` wrote."""
    from shipway.core.config import Config

    config: Config = _rebuilt(Config, json.loads(text))
    return config


def _rebuilt(kind: Any, value: Any) -> Any:
    """What JSON made plain, in the declared form again: dataclasses, tuples, dates."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _rebuilt(hints[name], one) for name, one in value.items()})  # type: ignore[operator]  # a class, and no instance
    of = get_args(kind)
    if isinstance(value, dict) and get_origin(kind) is dict:
        return {name: _rebuilt(of[1], one) for name, one in value.items()}
    if isinstance(value, list):
        return tuple(_rebuilt(of[0], one) if get_origin(kind) is tuple else one for one in value)
    return date.fromisoformat(value) if kind is date else value
