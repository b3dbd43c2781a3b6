"""The run as JSON, one object a line, for programs.

docs/json.md describes it for people, reports/json_events.py for programs.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TextIO, TypedDict

from shipway.codec import JsonObject
from shipway.errors import ERROR_CODES, ShipwayError
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.pipeline.gates import Bound, GateResult
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.problems import ProblemKind, run_problems
from shipway.pipeline.result import Origin, RunResult, StepFacts, StepResult, TestTally
from shipway.pipeline.step import Step
from shipway.reports.console_lines import code_of, reason_of, verdict_reason

# The JSON schema (draft 2020-12) of the event stream that reports/json_events.py writes.
#
# A field is only ever added within a version; readers must ignore what they do not know.

VERSION = 1
_TEXT: JsonObject = {"type": "string"}
_NUMBER: JsonObject = {"type": "number"}
_FIGURE: JsonObject = {"type": ["number", "null"]}  # null: not measured, or no finite number
_COUNT: JsonObject = {"type": "integer", "minimum": 0}
_YES_NO: JsonObject = {"type": "boolean"}


def _one_of(values: type[StrEnum]) -> JsonObject:
    return {"enum": [value.value for value in values]}


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _object(**properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": {**properties}, "required": [*properties]}


def _event(name: str, **properties: JsonObject) -> JsonObject:
    return _object(event={"enum": [name]}, **properties)


FINDING = _object(
    tool=_TEXT,
    rule=_TEXT,
    severity={"enum": [severity.name.lower() for severity in Severity]},
    path=_TEXT,
    line=_COUNT,
    message=_TEXT,
    remedy=_TEXT,
    kind=_one_of(FindingKind),
    confidence=_TEXT,
    score=_TEXT,
    cvss=_FIGURE,
    cwe=_list(_TEXT),
    ids=_list(_TEXT),
    package=_TEXT,
    link=_TEXT,
    content=_TEXT,
    also=_list(_TEXT),
    state=_one_of(FindingState),
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
    tool=_TEXT,
)
FAILED_TEST = _object(name=_TEXT, message=_TEXT, path=_TEXT, line=_COUNT, details=_list(_TEXT))
FLAKY_TEST = _object(
    name=_TEXT,
    message=_TEXT,
    passed=_YES_NO,
    waiver=_TEXT,
    failed=_COUNT,
    runs=_COUNT,
    sentence=_TEXT,
)
TESTS: JsonObject = {
    **_object(
        passed=_COUNT,
        failed=_COUNT,
        skipped=_COUNT,
        left_out=_list(_TEXT),
        known_failures=_list(_TEXT),
        failures=_list(FAILED_TEST),
        flaky=_list(FLAKY_TEST),
    ),
    "type": ["object", "null"],
}
PROBLEM = _object(
    kind=_one_of(ProblemKind),
    step=_TEXT,
    place=_TEXT,
    text=_TEXT,
    sentence=_TEXT,
    new={"type": ["boolean", "null"]},
    remedy=_TEXT,
    command=_TEXT,
    key=_TEXT,
)
ORIGIN: JsonObject = {
    **_object(writer=_TEXT, commit=_TEXT, stored=_NUMBER),
    "type": ["object", "null"],
}
PLANNED = _object(step=_TEXT, stage=_TEXT, needs=_list(_TEXT))
EVENTS: dict[str, JsonObject] = {
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
        code=_TEXT,
        origin=ORIGIN,
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
        sandbox=_TEXT,
        cache=_list(_TEXT),
        steps={"type": "object", "additionalProperties": _one_of(Outcome)},
        problems=_list(PROBLEM),
        compared_with=_TEXT,
    ),
    "error": _event(
        "error",
        code={"enum": list(ERROR_CODES)},
        message=_TEXT,
        remedy=_TEXT,
        exit_code=_COUNT,
    ),
}
SCHEMA: JsonObject = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "One line of shipway run --json",
    "oneOf": [*EVENTS.values()],
}


class JsonEvents:
    """Writes every event as one line of ASCII JSON, and flushes it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def run_started(self, run: str, application: str, steps: Sequence[Step]) -> None:
        """The first line: what may run."""
        plan = [{"step": s.name, "stage": s.stage, "needs": list(s.needs)} for s in steps]
        self._emit(
            {
                "event": "run_started",
                "version": VERSION,
                "run": run,
                "application": application,
                "steps": plan,
            }
        )

    def step_started(self, step: Step) -> None:
        """A step really starts; cached and skipped ones do not."""
        self._emit({"event": "step_started", "step": step.name, "stage": step.stage})

    def step_output(self, step: str, line: str) -> None:
        """A line that a step printed."""
        self._emit({"event": "step_output", "step": step, "line": line})

    def step_finished(self, result: StepResult) -> None:
        """A step ended."""
        self._emit({"event": "step_finished", **step_object(result)})

    def run_finished(self, result: RunResult) -> None:
        """The last line: the verdict."""
        self._emit({"event": "run_finished", **run_object(result)})

    def close(self) -> None:
        """Nothing is held."""

    def _emit(self, event: Mapping[str, object]) -> None:
        text = event_line(event)
        with self._lock:
            self._stream.write(text)
            self._stream.flush()


def event_line(event: Mapping[str, object]) -> str:
    """One line of strict JSON. ASCII, so that no terminal acts on what a tool printed."""
    try:
        text = json.dumps(event, allow_nan=False, default=str)
    except (TypeError, ValueError):  # NaN, or a key that is no text
        text = json.dumps(_without_nan(event), allow_nan=False, default=str)
    if "\\ud" in text:  # perhaps half of a pair, which strict readers refuse
        text = json.dumps(_whole(json.loads(text)))
    # GitHub takes "##[" anywhere in a line for a command to its runner.
    return text.replace("##[", "#\\u0023[") + "\n"


class FindingObject(TypedDict):
    """A finding, as FINDING describes it."""

    tool: str
    rule: str
    severity: str
    path: str
    line: int
    message: str
    remedy: str
    kind: str
    confidence: str
    score: str
    cvss: float | None
    cwe: list[str]
    ids: list[str]
    package: str
    link: str
    content: str
    also: list[str]
    state: str
    because: str
    fingerprint: str


class MeasureObject(TypedDict):
    """A figure, as MEASURE describes it."""

    name: str
    value: float
    unit: str
    subject: str


class GateObject(TypedDict):
    """A gate's answer, as GATE describes it."""

    measure: str
    subject: str
    bound: str
    limit: float
    figure: float | None
    unit: str
    passed: bool
    worst: list[str]
    sentence: str
    tool: str


class FailedTestObject(TypedDict):
    """A test that failed, as FAILED_TEST describes it."""

    name: str
    message: str
    path: str
    line: int
    details: list[str]


class ProblemObject(TypedDict):
    """A fault of a run, as PROBLEM describes it."""

    kind: str
    step: str
    place: str
    text: str
    sentence: str
    new: bool | None
    remedy: str
    command: str
    key: str


class FlakyTestObject(TypedDict):
    """A flaky test, as FLAKY_TEST describes it."""

    name: str
    message: str
    passed: bool
    waiver: str
    failed: int
    runs: int
    sentence: str


class TallyObject(TypedDict):
    """How many tests did what, as TESTS describes it."""

    passed: int
    failed: int
    skipped: int
    left_out: list[str]
    known_failures: list[str]
    failures: list[FailedTestObject]
    flaky: list[FlakyTestObject]


class StepObject(TypedDict):
    """A step's result, as `step_finished` has it."""

    step: str
    stage: str
    outcome: str
    started: float
    seconds: float
    reason: str
    remedy: str
    findings: list[FindingObject]
    measures: list[MeasureObject]
    gates: list[GateObject]
    tests: TallyObject | None
    reports: dict[str, str]
    log: str
    command: str
    rollout: str | None
    needs: list[str]
    facts: StepFacts
    code: str
    origin: OriginObject | None


class OriginObject(TypedDict):
    """Where an outcome was taken from, as ORIGIN describes it."""

    writer: str
    commit: str
    stored: float


class RunObject(TypedDict):
    """A run's result, as `run_finished` has it."""

    run: str
    application: str
    verdict: str
    reason: str
    started: float
    seconds: float
    commit: str
    branch: str
    jobs: int
    address: str
    sandbox: str
    cache: list[str]
    steps: dict[str, str]
    problems: list[ProblemObject]
    compared_with: str


class ErrorObject(TypedDict):
    """A command that could not do its work, as `error` has it."""

    event: str
    code: str
    message: str
    remedy: str
    exit_code: int


def error_event(message: str, remedy: str, error: ShipwayError) -> ErrorObject:
    """What a command prints that could not do its work. message, remedy: of the error, with
    commands as they are typed here."""
    return {
        "event": "error",
        "code": error.code,
        "message": message,
        "remedy": remedy,
        "exit_code": error.exit_code,
    }


def step_object(result: StepResult) -> StepObject:
    """A step's result as the schema has it."""
    passed = result.outcome.lets_dependants_run
    return {
        "step": result.step,
        "stage": result.stage,
        "outcome": result.outcome.value,
        "started": result.started,
        "seconds": result.seconds,
        "reason": result.reason if passed else reason_of(result),
        "remedy": result.remedy,
        "findings": [_finding(finding) for finding in result.findings],
        "measures": [
            {"name": m.name, "value": m.value, "unit": m.unit, "subject": m.subject}
            for m in result.measures
        ],
        "gates": [_gate(gate) for gate in result.gates],
        "tests": _tests(result.tests) if result.tests else None,
        "reports": result.reports,
        "log": result.log,
        "command": result.command,
        "rollout": result.rollout.value if result.rollout else None,
        "needs": list(result.needs),
        "facts": result.facts,
        "code": "" if passed else code_of(result),
        "origin": _origin(result.origin),
    }


def _origin(origin: Origin | None) -> OriginObject | None:
    if origin is None:
        return None
    return {"writer": origin.writer, "commit": origin.commit, "stored": origin.stored}


def run_object(result: RunResult) -> RunObject:
    """A run's result as the schema has it; the steps by name only, each had its own line."""
    return {
        "run": result.run,
        "application": result.application,
        "verdict": result.verdict.value,
        "reason": verdict_reason(result),
        "started": result.started,
        "seconds": result.seconds,
        "commit": result.commit,
        "branch": result.branch,
        "jobs": result.jobs,
        "address": result.address,
        "sandbox": result.sandbox,
        "cache": list(result.cache),
        "steps": {step.step: step.outcome.value for step in result.steps},
        "problems": problem_objects(result),
        "compared_with": result.compared.run,
    }


def problem_objects(result: RunResult) -> list[ProblemObject]:
    """A run's faults, in the order in which a reader has to know of them."""
    return [
        {
            "kind": problem.kind.value,
            "step": problem.step,
            "place": problem.place,
            "text": problem.text,
            "sentence": problem.sentence,
            "new": problem.new,
            "remedy": problem.remedy,
            "command": problem.command,
            "key": problem.key,
        }
        for problem in run_problems(result)
    ]


def _finding(finding: Finding) -> FindingObject:
    return {
        "tool": finding.tool,
        "rule": finding.rule,
        "severity": finding.severity.name.lower(),
        "path": finding.path,
        "line": finding.line,
        "message": finding.message,
        "remedy": finding.remedy,
        "kind": finding.kind.value,
        "confidence": finding.confidence,
        "score": finding.score,
        "cvss": finding.cvss,
        "cwe": list(finding.cwe),
        "ids": list(finding.ids),
        "package": finding.package,
        "link": finding.link,
        "content": finding.content,
        "also": list(finding.also),
        "state": finding.state.value,
        "because": finding.because,
        "fingerprint": finding.fingerprint,
    }


def _gate(gate: GateResult) -> GateObject:
    return {
        "measure": gate.gate.measure,
        "subject": gate.subject,
        "bound": gate.gate.bound.value,
        "limit": gate.gate.limit,
        "figure": gate.figure,
        "unit": gate.unit,
        "passed": gate.passed,
        "worst": list(gate.worst),
        "sentence": gate.sentence,
        "tool": gate.tool,
    }


def _tests(tests: TestTally) -> TallyObject:
    return {
        "passed": tests.passed,
        "failed": tests.failed,
        "skipped": tests.skipped,
        "left_out": list(tests.left_out),
        "known_failures": list(tests.known_failures),
        "failures": [
            {
                "name": failure.name,
                "message": failure.message,
                "path": failure.path,
                "line": failure.line,
                "details": list(failure.details),
            }
            for failure in tests.failures
        ],
        "flaky": [
            {
                "name": test.failure.name,
                "message": test.failure.message,
                "passed": test.passed,
                "waiver": test.waiver,
                "failed": test.failed,
                "runs": test.runs,
                "sentence": test.sentence,
            }
            for test in tests.flaky
        ],
    }


def _without_nan(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return value


def _whole(value: Any) -> Any:
    """The same with every lone surrogate replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value
