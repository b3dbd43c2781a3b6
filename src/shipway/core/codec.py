"""Results as JSON and back, for the record. Fields that hold their default are left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Any

from shipway.core.finding import Finding, Kind, Severity, State
from shipway.core.gate import Bound, Gate, GateResult, Measure
from shipway.core.outcome import Outcome, Verdict
from shipway.core.result import RunResult, StepResult, TestTally


def step_to_json(result: StepResult) -> str:
    """One step's result as a line of JSON."""
    return json.dumps(_sparse(result), separators=(",", ":"), default=_plain)


def step_from_json(text: str, **changes: Any) -> StepResult:
    """The result in a line of JSON, with some fields replaced."""
    return _step({**json.loads(text), **changes})


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
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
    }
    given["severity"] = Severity(given["severity"])
    if "kind" in given:
        given["kind"] = Kind(given["kind"])
    if "state" in given:
        given["state"] = State(given["state"])
    return Finding(**given)


def _plain(value: Any) -> Any:
    return _sparse(value) if hasattr(value, "__dataclass_fields__") else str(value)


def _sparse(value: Any) -> dict[str, Any]:
    """The fields that hold something else than their default, and every number."""
    found = {}
    for name, default in _defaults(value.__class__):
        content = getattr(value, name)
        if content != default or isinstance(content, int | float):
            found[name] = content
    return found


@cache
def _defaults(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    """(field, its default); what must be given is equal to nothing."""
    return tuple(
        (field.name, field.default if field.default_factory is MISSING else field.default_factory())
        for field in fields(kind)
    )


def _step(data: dict[str, Any]) -> StepResult:
    data["outcome"] = Outcome(data["outcome"])
    if "findings" in data:
        data["findings"] = tuple(finding_from_dict(one) for one in data["findings"])
    if "measures" in data:
        data["measures"] = tuple(Measure(**one) for one in data["measures"])
    if "gates" in data:
        data["gates"] = tuple(_gate(one) for one in data["gates"])
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
