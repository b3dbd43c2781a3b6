"""The gates over all findings together."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.config.schema import FindingGates
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.pipeline.gates import Bound, Gate, GateResult, Measure, evaluate_gates


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
        for result in _hold(name, limit, selected)
    )


def _hold(name: str, limit: int, findings: list[Finding]) -> tuple[GateResult, ...]:
    worst = sorted(findings, key=lambda finding: -finding.severity)
    places = tuple(f"{finding.package or finding.place} ({finding.rule})" for finding in worst)
    return evaluate_gates(
        [Gate(name, Bound.AT_MOST, limit)], [Measure(name, len(findings))], places
    )
