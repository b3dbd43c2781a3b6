"""The gates over all findings together."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.core.config import FindingGates
from shipway.core.finding import Finding, Kind, Severity, State
from shipway.core.gate import Bound, Gate, GateResult, Measure, apply


def hold(gates: FindingGates, findings: Sequence[Finding]) -> tuple[GateResult, ...]:
    """Hold every limit that is set against the findings that are open.

    Each names its three worst places. Secrets and licences are counted apart, and not again by
    their severity.
    """
    counted = [one for one in findings if one.state is State.OPEN]
    severe = [one for one in counted if one.kind not in (Kind.SECRET, Kind.LICENCE)]
    groups: dict[str, tuple[int | None, list[Finding]]] = {
        f"{severity.name.lower()} findings": (
            getattr(gates, severity.name.lower()),
            [one for one in severe if one.severity is severity],
        )
        for severity in (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
    }
    groups["secrets"] = (gates.secrets, [one for one in counted if one.kind is Kind.SECRET])
    groups["licences that are not allowed"] = (
        gates.licences, [one for one in counted if one.kind is Kind.LICENCE],
    )  # fmt: skip
    for tool, limit in gates.tools.items():
        groups[f"{tool} findings"] = (limit, [one for one in counted if tool in one.tools])
    return tuple(
        result for name, (limit, found) in groups.items() if limit is not None
        for result in _hold(name, limit, found)
    )  # fmt: skip


def _hold(name: str, limit: int, found: list[Finding]) -> tuple[GateResult, ...]:
    worst = sorted(found, key=lambda one: -one.severity)
    places = tuple(f"{one.package or one.place} ({one.rule})" for one in worst)
    return apply([Gate(name, Bound.AT_MOST, limit)], [Measure(name, len(found))], places)
