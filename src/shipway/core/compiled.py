"""A compiled pipeline as text: what the next run needs, without pydantic and TOML.

The record keeps it under a digest of everything that it was made from.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from shipway.core.config import (
    Application,
    Config,
    EndpointGate,
    Environment,
    Gates,
    Performance,
    Smoke,
)
from shipway.core.step import Kind, Step


def dump(config: Config, steps: list[Step], assumed: tuple[str, ...]) -> str:
    """The pipeline as JSON. The team's own steps are in `steps` already."""
    settings = asdict(config)
    settings["steps"] = {}
    rows = [
        [s.name, s.stage, s.kind, s.work, s.needs, s.inputs, s.env, s.timeout, s.retries, s.cores,
         s.max_age, s.expected, s.branches, s.tolerant, s.tool]
        for s in steps
    ]  # fmt: skip
    return json.dumps([settings, rows, assumed], separators=(",", ":"))


def load(text: str) -> tuple[Config, list[Step], tuple[str, ...]]:
    """The pipeline in `text`, which `dump` wrote."""
    settings, rows, assumed = json.loads(text)
    return _config(settings), [_step(row) for row in rows], tuple(assumed)


def _step(row: list[Any]) -> Step:
    name, stage, kind, work, needs, inputs, env, timeout, retries, cores, *rest = row
    max_age, expected, branches, tolerant, tool = rest
    return Step(
        name, stage, Kind(kind), work, tuple(needs), tuple(inputs), tuple(env), timeout, retries,
        cores, max_age, expected, tuple(branches), tolerant, tool,
    )  # fmt: skip


def _config(data: dict[str, Any]) -> Config:
    gates = data["gates"]
    return Config(
        application=Application(**_tuples(data["application"])),
        checks=data["checks"],
        gates=Gates(
            gates["coverage"],
            {name: EndpointGate(**gate) for name, gate in gates["endpoints"].items()},
        ),
        performance=Performance(**data["performance"]),
        environments={name: _environment(one) for name, one in data["environments"].items()},
        env=tuple(data["env"]),
    )


def _environment(data: dict[str, Any]) -> Environment:
    smoke = tuple(Smoke(**one) for one in data.pop("smoke"))
    return Environment(**_tuples(data), smoke=smoke)


def _tuples(data: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
