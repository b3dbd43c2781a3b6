"""The JSON schema (draft 2020-12) of the event stream that outputs/jsonl.py writes.

A field is only ever added within a version; readers must ignore what they do not know.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from shipway.core.finding import Kind, Severity, State
from shipway.core.gate import Bound
from shipway.core.outcome import Outcome, Verdict

VERSION = 1

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_FIGURE = {"type": ["number", "null"]}  # null: not measured, or no finite number
_COUNT = {"type": "integer", "minimum": 0}
_YES_NO = {"type": "boolean"}


def _one_of(values: type[StrEnum]) -> dict[str, Any]:
    return {"enum": [value.value for value in values]}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _event(name: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return _object(event={"enum": [name]}, **properties)


FINDING = _object(
    tool=_TEXT,
    rule=_TEXT,
    severity={"enum": [severity.name.lower() for severity in Severity]},
    path=_TEXT,
    line=_COUNT,
    message=_TEXT,
    remedy=_TEXT,
    kind=_one_of(Kind),
    confidence=_TEXT,
    score=_TEXT,
    cvss=_FIGURE,
    cwe=_list(_TEXT),
    ids=_list(_TEXT),
    package=_TEXT,
    link=_TEXT,
    content=_TEXT,
    also=_list(_TEXT),
    state=_one_of(State),
    because=_TEXT,
    fingerprint=_TEXT,
)
MEASURE = _object(name=_TEXT, value=_FIGURE, unit=_TEXT, subject=_TEXT)
GATE = _object(
    measure=_TEXT,
    subject=_TEXT,
    bound=_one_of(Bound),
    limit=_NUMBER,
    figure=_FIGURE,
    unit=_TEXT,
    passed=_YES_NO,
    worst=_list(_TEXT),
    sentence=_TEXT,
)
TESTS = {
    **_object(passed=_COUNT, failed=_COUNT, skipped=_COUNT, left_out=_list(_TEXT)),
    "type": ["object", "null"],
}
PLANNED = _object(step=_TEXT, stage=_TEXT, needs=_list(_TEXT))

EVENTS: dict[str, dict[str, Any]] = {
    "run_started": _event(
        "run_started",
        version={"type": "integer"},
        run=_TEXT,
        application=_TEXT,
        steps=_list(PLANNED),
    ),
    "step_started": _event("step_started", step=_TEXT, stage=_TEXT),
    "step_output": _event("step_output", step=_TEXT, line=_TEXT),
    "step_finished": _event(
        "step_finished",
        step=_TEXT,
        stage=_TEXT,
        outcome=_one_of(Outcome),
        started=_NUMBER,
        seconds=_NUMBER,
        reason=_TEXT,
        remedy=_TEXT,
        findings=_list(FINDING),
        measures=_list(MEASURE),
        gates=_list(GATE),
        tests=TESTS,
        reports={"type": "object", "additionalProperties": _TEXT},
        log=_TEXT,
        command=_TEXT,
        rollout={"enum": [*(verdict.value for verdict in Verdict), None]},
        needs=_list(_TEXT),
        facts={"type": "object"},
    ),
    "run_finished": _event(
        "run_finished",
        run=_TEXT,
        application=_TEXT,
        verdict=_one_of(Verdict),
        reason=_TEXT,
        started=_NUMBER,
        seconds=_NUMBER,
        commit=_TEXT,
        branch=_TEXT,
        jobs=_COUNT,
        address=_TEXT,
        steps={"type": "object", "additionalProperties": _one_of(Outcome)},
    ),
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "One line of shipway run --json",
    "oneOf": list(EVENTS.values()),
}
