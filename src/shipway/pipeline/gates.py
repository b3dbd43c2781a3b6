"""A gate: a limit on a measured figure, also on how many findings there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from shipway.findings.finding import Finding, FindingKind, FindingState, Severity

if TYPE_CHECKING:  # what a run remembers needs no configuration
    from shipway.config.schema import FindingGates


@dataclass(frozen=True)
class Measure:
    """A figure that a check measured.

    `name` says what (coverage, p95, error-rate), `subject` of what (a file, an endpoint; empty
    for the whole), `unit` is "%", "ms", "" for a count, and so on.
    """

    name: str
    value: float
    unit: str = ""
    subject: str = ""


class Bound(StrEnum):
    """On which side of the limit a figure must lie; the limit itself is allowed."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True)
class Gate:
    """A limit. With `subject` "*" it holds for every subject that was measured."""

    measure: str
    bound: Bound
    limit: float
    subject: str = ""


@dataclass(frozen=True)
class GateResult:
    """A gate's answer. `figure` is None when nothing was measured, which never passes."""

    gate: Gate
    subject: str
    figure: float | None
    unit: str
    passed: bool
    worst: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """For people: figure, limit and the worst places."""
        name = f"{self.gate.measure} of {self.subject}" if self.subject else self.gate.measure
        limit = f"{self.gate.bound} {self.gate.limit:g}{_spaced(self.unit)}"
        if self.figure is None:
            return f"{name} was not measured; the limit is {limit}"
        text = f"{name} is {self.figure:.4g}{_spaced(self.unit)}; the limit is {limit}"
        return f"{text}; worst: {', '.join(self.worst)}" if self.worst else text


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""


def evaluate_gates(
    gates: Iterable[Gate], measures: Iterable[Measure], worst: tuple[str, ...] = ()
) -> tuple[GateResult, ...]:
    """Hold every gate against the measures. `worst` names the worst places (three are kept)."""
    measured = tuple(measures)
    return tuple(result for gate in gates for result in _apply_one(gate, measured, worst[:3]))


def _apply_one(
    gate: Gate, measures: tuple[Measure, ...], worst: tuple[str, ...]
) -> list[GateResult]:
    matching = [
        measure
        for measure in measures
        if measure.name == gate.measure and gate.subject in ("*", measure.subject)
    ]
    if not matching:
        subject = "" if gate.subject == "*" else gate.subject
        return [GateResult(gate, subject, None, "", passed=False)]
    return [_hold(gate, measure, worst) for measure in matching]


def _hold(gate: Gate, measure: Measure, worst: tuple[str, ...]) -> GateResult:
    if gate.bound is Bound.AT_LEAST:
        passed = measure.value >= gate.limit
    else:
        passed = measure.value <= gate.limit
    places = () if passed else worst
    return GateResult(gate, measure.subject, measure.value, measure.unit, passed, places)


def evaluate_finding_gates(
    gates: FindingGates, findings: Sequence[Finding]
) -> tuple[GateResult, ...]:
    """Hold every limit that is set against the findings that are open.

    Each names its three worst places. Secrets and licences are counted apart, and not again by
    their severity.
    """
    counted = [finding for finding in findings if finding.state is FindingState.OPEN]
    severe = [
        finding
        for finding in counted
        if finding.kind not in (FindingKind.SECRET, FindingKind.LICENCE)
    ]
    groups: dict[str, tuple[int | None, list[Finding]]] = {
        f"{severity.name.lower()} findings": (
            getattr(gates, severity.name.lower()),
            [finding for finding in severe if finding.severity is severity],
        )
        for severity in (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
    }
    groups["secrets"] = (
        gates.secrets,
        [finding for finding in counted if finding.kind is FindingKind.SECRET],
    )
    groups["licences that are not allowed"] = (
        gates.licences,
        [finding for finding in counted if finding.kind is FindingKind.LICENCE],
    )
    for tool, limit in gates.tools.items():
        groups[f"{tool} findings"] = (
            limit,
            [finding for finding in counted if tool in finding.tools],
        )
    return tuple(
        result
        for name, (limit, selected) in groups.items()
        if limit is not None
        for result in _hold_count(name, limit, selected)
    )


def _hold_count(name: str, limit: int, findings: list[Finding]) -> tuple[GateResult, ...]:
    worst = sorted(findings, key=lambda finding: -finding.severity)
    places = tuple(f"{finding.package or finding.place} ({finding.rule})" for finding in worst)
    return evaluate_gates(
        [Gate(name, Bound.AT_MOST, limit)], [Measure(name, len(findings))], places
    )
