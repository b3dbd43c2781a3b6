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
    """A gate's answer. `figure` is None when nothing was measured, which never passes.

    tool: the check whose findings it counts, "" where it measures something else.
    """

    gate: Gate
    subject: str
    figure: float | None
    unit: str
    passed: bool
    worst: tuple[str, ...] = ()
    tool: str = ""

    @property
    def sentence(self) -> str:
        """For people: tool, figure, limit and the worst places."""
        text = f"{self._figure}; {self._limit}"
        return f"{text}; worst: {', '.join(self.worst)}" if self.worst else text

    @property
    def name(self) -> str:
        """What it holds: `coverage`, `p95 of ward page`, `flake8 findings`."""
        of = f" of {self.subject}" if self.subject else ""
        return f"{self.tool} {self.gate.measure}{of}".strip()

    @property
    def counts_findings(self) -> bool:
        """Whether its figure is a number of findings."""
        return self.gate.measure in _COUNTS or self.gate.measure.endswith(f" {FINDINGS}")

    @property
    def _figure(self) -> str:
        """`coverage is 71.25 %`, `flake8 found 1 problem`."""
        name = f"{self.gate.measure} of {self.subject}" if self.subject else self.gate.measure
        if self.figure is None:
            return f"{name} was not measured"
        if not self.counts_findings:
            return f"{name} is {self.figure:.4g}{_spaced(self.unit)}"
        singular, plural = _COUNTS.get(name, _FOUND)
        tool = self.tool or name.removesuffix(FINDINGS).strip() or "the check"
        return (singular if self.figure == 1 else plural).format(f"{self.figure:g}", tool=tool)

    @property
    def _limit(self) -> str:
        """`none is allowed`, `at most 3 are allowed`, `at least 80 % is required`."""
        limit = f"{self.gate.limit:g}{_spaced(self.unit)}"
        if self.gate.bound is Bound.AT_LEAST:
            return f"{self.gate.bound} {limit} is required"
        if self.counts_findings and self.gate.limit == 0:
            return "none is allowed"
        verb = "are" if self.counts_findings and self.gate.limit != 1 else "is"
        return f"{self.gate.bound} {limit} {verb} allowed"


FINDINGS = "findings"
SECRETS = "secrets"
LICENCES = "licences that are not allowed"
_FOUND = ("{tool} found {} problem", "{tool} found {} problems")
# Count → the same as a sentence, of one and of several.
_COUNTS = {
    FINDINGS: _FOUND,
    SECRETS: ("{} secret is in the code", "{} secrets are in the code"),
    LICENCES: (
        "{} dependency has a licence that is not allowed",
        "{} dependencies have licences that are not allowed",
    ),
    **{
        f"{severity.name.lower()} {FINDINGS}": (
            f"{{}} {severity.name.lower()} finding is open",
            f"{{}} {severity.name.lower()} findings are open",
        )
        for severity in Severity
    },
}


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
    limits: dict[str, int | None] = {
        f"{severity.name.lower()} {FINDINGS}": getattr(gates, severity.name.lower())
        for severity in (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
    }
    limits[SECRETS] = gates.secrets
    limits[LICENCES] = gates.licences
    limits |= {f"{tool} {FINDINGS}": limit for tool, limit in gates.tools.items()}
    return tuple(
        result
        for name, limit in limits.items()
        if limit is not None
        for result in _hold_count(name, limit, counted_findings(name, findings))
    )


def counted_findings(measure: str, findings: Iterable[Finding]) -> list[Finding]:
    """The open findings that a gate on `measure` counts. "findings" counts all."""
    counted = [finding for finding in findings if finding.state is FindingState.OPEN]
    if measure == FINDINGS:
        return counted
    if measure in _KINDS:
        return [finding for finding in counted if finding.kind is _KINDS[measure]]
    name = measure.removesuffix(FINDINGS).strip()
    if severity := Severity.__members__.get(name.upper()):
        return [
            finding
            for finding in counted
            if finding.severity is severity and finding.kind not in _KINDS.values()
        ]
    return [finding for finding in counted if name in finding.tools]


_KINDS = {SECRETS: FindingKind.SECRET, LICENCES: FindingKind.LICENCE}


def _hold_count(name: str, limit: int, findings: list[Finding]) -> tuple[GateResult, ...]:
    worst = sorted(findings, key=lambda finding: -finding.severity)
    places = tuple(f"{finding.package or finding.place} ({finding.rule})" for finding in worst)
    return evaluate_gates(
        [Gate(name, Bound.AT_MOST, limit)], [Measure(name, len(findings))], places
    )
