"""What is let pass: the gates over all findings together."""

from __future__ import annotations

from dataclasses import replace

from shipway.config.schema import FindingGates
from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.pipeline.gates import evaluate_finding_gates

LOW = Finding(tool="bandit", rule="B1", severity=Severity.LOW, path="a.py", line=3, message="m")


def broken(*found: Finding, gates: FindingGates | None = None) -> list[str]:
    return [
        one.gate.measure
        for one in evaluate_finding_gates(gates or FindingGates(), found)
        if not one.passed
    ]


def test_by_default_nothing_high_or_critical_no_secret_and_no_licence_passes() -> None:
    assert broken(LOW, replace(LOW, severity=Severity.MEDIUM)) == []
    assert broken(replace(LOW, severity=Severity.HIGH)) == ["high findings"]
    assert broken(replace(LOW, severity=Severity.CRITICAL)) == ["critical findings"]
    assert broken(replace(LOW, kind=FindingKind.SECRET)) == ["secrets"]
    assert broken(replace(LOW, kind=FindingKind.LICENCE)) == ["licences that are not allowed"]


def test_what_is_known_or_waived_does_not_count() -> None:
    high = replace(LOW, severity=Severity.HIGH)
    assert (
        broken(replace(high, state=FindingState.KNOWN), replace(high, state=FindingState.WAIVED))
        == []
    )


def test_limits_can_be_raised_lifted_and_set_for_a_tool() -> None:
    high = replace(LOW, severity=Severity.HIGH)
    assert broken(high, gates=FindingGates(high=1)) == []
    assert broken(high, gates=FindingGates(high=None)) == []
    assert broken(LOW, gates=FindingGates(tools={"bandit": 0})) == ["bandit findings"]
    assert broken(replace(LOW, tool="x", also=("bandit",)), gates=FindingGates(tools={"bandit": 0}))


def test_a_broken_gate_names_the_three_worst_places() -> None:
    found = [replace(LOW, severity=Severity.HIGH, line=line) for line in range(1, 6)]
    result = next(one for one in evaluate_finding_gates(FindingGates(), found) if not one.passed)
    assert result.sentence == (
        "5 high findings are open; none is allowed; worst: a.py:1 (B1), a.py:2 (B1), a.py:3 (B1)"
    )
