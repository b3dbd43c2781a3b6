"""Results as JSON and back, for the record. Fields that hold their default are left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.pipeline.dependency import Role
from shipway.pipeline.gates import Bound, Gate, GateResult, Measure
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult, TestTally
from shipway.pipeline.step import Step, StepKind

if TYPE_CHECKING:
    from shipway.config.schema import Config


def step_to_json(result: StepResult) -> str:
    """One step's result as a line of JSON."""
    return json.dumps(_sparse(result), separators=(",", ":"), default=_plain)


def step_from_json(text: str, **changes: Any) -> StepResult:
    """The result in a line of JSON, with some fields replaced."""
    return _step_result_to_dict({**json.loads(text), **changes})


def run_to_json(result: RunResult) -> str:
    """A run without its steps, which the record holds one by one."""
    data = _sparse(result)
    data["steps"] = ()
    return json.dumps(data, separators=(",", ":"), default=_plain)


def run_from_json(text: str, steps: tuple[StepResult, ...]) -> RunResult:
    """A run from its JSON and its steps."""
    data = json.loads(text)
    data["verdict"] = Verdict(data["verdict"])
    return RunResult(**{**data, "steps": steps})


def finding_to_dict(finding: Finding) -> dict[str, Any]:
    """A finding, JSON-able."""
    return _sparse(finding)


def finding_from_dict(data: Mapping[str, Any]) -> Finding:
    """The finding in what `finding_to_dict` gave, also after JSON made lists of its tuples."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    values["severity"] = Severity(values["severity"])
    if "kind" in values:
        values["kind"] = FindingKind(values["kind"])
    if "state" in values:
        values["state"] = FindingState(values["state"])
    return Finding(**values)


def _plain(value: Any) -> Any:
    return _sparse(value) if hasattr(value, "__dataclass_fields__") else str(value)


def _sparse(value: Any) -> dict[str, Any]:
    """The fields that hold something else than their default, and every number."""
    sparse = {}
    for name, default in _defaults(value.__class__):
        content = getattr(value, name)
        if content != default or isinstance(content, int | float):
            sparse[name] = content
    return sparse


@cache
def _defaults(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    """(field, its default); what must be given is equal to nothing."""
    return tuple(
        (field.name, field.default if field.default_factory is MISSING else field.default_factory())
        for field in fields(kind)
    )


def _step_result_to_dict(data: dict[str, Any]) -> StepResult:
    data["outcome"] = Outcome(data["outcome"])
    if "findings" in data:
        data["findings"] = tuple(finding_from_dict(finding) for finding in data["findings"])
    if "measures" in data:
        data["measures"] = tuple(Measure(**measure) for measure in data["measures"])
    if "gates" in data:
        data["gates"] = tuple(_gate(gate) for gate in data["gates"])
    if tally := data.get("tests"):
        data["tests"] = TestTally(**{**tally, "left_out": tuple(tally.get("left_out", ()))})
    if "rollout" in data:
        data["rollout"] = Verdict(data["rollout"])
    data["needs"] = tuple(data.get("needs", ()))
    return StepResult(**data)


def _gate(data: dict[str, Any]) -> GateResult:
    gate = data["gate"]
    return GateResult(
        Gate(gate["measure"], Bound(gate["bound"]), gate["limit"], gate.get("subject", "")),
        data.get("subject", ""),
        data.get("figure"),
        data.get("unit", ""),
        data["passed"],
        tuple(data.get("worst", ())),
    )


# A compiled pipeline as text: what the next run needs, without pydantic and TOML.
#
# Steps and configuration apart: a run in which everything is cached never reads the latter.

_KINDS = {str(kind): kind for kind in StepKind}
_ROLES = {str(role): role for role in Role}


def dump_steps(steps: list[Step]) -> list[list[Any]]:
    """Steps as JSON-able rows."""
    return [
        [
            s.name,
            s.stage,
            s.kind,
            s.work,
            s.needs,
            s.inputs,
            s.env,
            s.timeout,
            s.retries,
            s.cores,
            s.max_age,
            s.expected,
            s.branches,
            s.role,
            s.products,
            s.tool,
            s.identity,
        ]
        for s in steps
    ]


def load_steps(rows: list[list[Any]]) -> list[Step]:
    """The steps in rows which `dump_steps` made."""
    return [_compiled_step(row) for row in rows]


def _compiled_step(row: list[Any]) -> Step:
    name, stage, kind, work, needs, inputs, env, timeout, retries, cores, *rest = row
    max_age, expected, branches, role, products, tool, identity = rest
    step = Step(
        name=name,
        stage=stage,
        kind=_KINDS[kind],
        work=work,
        needs=tuple(needs),
        inputs=tuple(inputs),
        env=tuple(env),
        timeout=timeout,
        retries=retries,
        cores=cores,
        max_age=max_age,
        expected=expected,
        branches=tuple(branches),
        role=_ROLES[role],
        products=tuple(products),
        tool=tool,
    )
    step.known_identity = identity
    return step


def dump_config(config: Config) -> str:
    """The configuration as JSON, without the team's own steps, which are steps by now."""
    return json.dumps(asdict(replace(config, steps={})), separators=(",", ":"), default=str)


def load_config(text: str) -> Config:
    """The configuration in `text`, which `dump_config` wrote."""
    from shipway.config.schema import Config

    config: Config = _rebuilt(Config, json.loads(text))
    return config


def _rebuilt(kind: Any, value: Any) -> Any:
    """What JSON made plain, in the declared form again: dataclasses, tuples, dates."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _rebuilt(hints[name], item) for name, item in value.items()})  # type: ignore[operator]  # a class, and no instance
    of = get_args(kind)
    if isinstance(value, dict) and get_origin(kind) is dict:
        return {name: _rebuilt(of[1], item) for name, item in value.items()}
    if isinstance(value, list):
        return tuple(_rebuilt(of[0], item) if get_origin(kind) is tuple else item for item in value)
    return date.fromisoformat(value) if kind is date else value
