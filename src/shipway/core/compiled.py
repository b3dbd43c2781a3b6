"""A compiled pipeline as text: what the next run needs, without pydantic and TOML.

Steps and configuration apart: a run in which everything is cached never reads the latter.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from shipway.core.outcome import Outcome
from shipway.core.step import Kind, Step

if TYPE_CHECKING:
    from shipway.core.config import Config, Environment, Waiver

_KINDS = {str(kind): kind for kind in Kind}


def dump_steps(steps: list[Step]) -> list[list[Any]]:
    """Steps as JSON-able rows."""
    return [
        [s.name, s.stage, s.kind, s.work, s.needs, s.inputs, s.env, s.timeout, s.retries, s.cores,
         s.max_age, s.expected, s.branches, s.tolerates, s.tool, s.identity]
        for s in steps
    ]  # fmt: skip


def load_steps(rows: list[list[Any]]) -> list[Step]:
    """The steps in rows which `dump_steps` made."""
    return [_step(row) for row in rows]


def _step(row: list[Any]) -> Step:
    name, stage, kind, work, needs, inputs, env, timeout, retries, cores, *rest = row
    max_age, expected, branches, tolerates, tool, identity = rest
    step = Step(
        name, stage, _KINDS[kind], work, tuple(needs), tuple(inputs), tuple(env), timeout,
        retries, cores, max_age, expected, tuple(branches), tuple(map(Outcome, tolerates)),
        tool,
    )  # fmt: skip
    step.known_identity = identity
    return step


def dump_config(config: Config) -> str:
    """The configuration as JSON, without the team's own steps, which are steps by now."""
    return json.dumps(asdict(replace(config, steps={})), separators=(",", ":"), default=str)


def load_config(text: str) -> Config:
    """The configuration in `text`, which `dump_config` wrote."""
    from shipway.core.config import (
        Application,
        Config,
        EndpointGate,
        FindingGates,
        Gates,
        Performance,
        Retention,
        Security,
    )

    data = json.loads(text)
    gates = data["gates"]
    return Config(
        application=Application(**_tuples(data["application"])),
        checks=data["checks"],
        gates=Gates(
            gates["coverage"],
            FindingGates(**gates["findings"]),
            {name: EndpointGate(**gate) for name, gate in gates["endpoints"].items()},
        ),
        performance=Performance(**data["performance"]),
        security=Security(**_tuples(data["security"])),
        waivers=tuple(_waiver(one) for one in data["waivers"]),
        environments={name: _environment(one) for name, one in data["environments"].items()},
        retention=Retention(**data["retention"]),
        env=tuple(data["env"]),
    )


def _waiver(data: dict[str, Any]) -> Waiver:
    from shipway.core.config import Waiver

    return Waiver(**{**data, "expires": date.fromisoformat(data["expires"])})


def _environment(data: dict[str, Any]) -> Environment:
    from shipway.core.config import Environment, Pause, Smoke
    from shipway.core.judging.settings import JudgeSettings

    smoke = tuple(Smoke(**one) for one in data.pop("smoke"))
    judge = JudgeSettings(**data.pop("judge"))
    pauses = {stage: Pause(**one) for stage, one in data.pop("pauses").items()}
    return Environment(**_tuples(data), smoke=smoke, judge=judge, pauses=pauses)


def _tuples(data: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
