"""New against old."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shipway.findings.finding import Finding, FindingState, Severity
from shipway.findings.fingerprint import compare_to_baseline

OLD = Finding(
    tool="bandit",
    rule="B1",
    severity=Severity.HIGH,
    path="a.py",
    line=3,
    message="m",
    content="eval(x)",
)
NEW = replace(OLD, rule="B2")


def test_what_was_there_is_known_wherever_it_moved() -> None:
    moved = replace(OLD, path="b.py", line=90)
    marked, gone = compare_to_baseline([moved, NEW], [OLD.fingerprint])
    assert [one.state for one in marked] == [FindingState.KNOWN, FindingState.OPEN]
    assert gone == 0


def test_a_copy_of_an_old_fault_is_a_new_one() -> None:
    marked, _ = compare_to_baseline([OLD, replace(OLD, path="copy.py")], [OLD.fingerprint])
    assert [one.state for one in marked] == [FindingState.KNOWN, FindingState.OPEN]


def test_what_is_gone_is_counted() -> None:
    assert compare_to_baseline([NEW], [OLD.fingerprint, OLD.fingerprint])[1] == 2
    for state in (FindingState.WAIVED, FindingState.DISMISSED):
        there = replace(OLD, state=state)
        assert compare_to_baseline([there], [OLD.fingerprint]) == ((there,), 0)


@given(st.lists(st.sampled_from([OLD, NEW])), st.lists(st.sampled_from([OLD, NEW])))
def test_known_and_gone_and_open_add_up(now: list[Finding], before: list[Finding]) -> None:
    marked, gone = compare_to_baseline(now, [one.fingerprint for one in before])
    known = sum(one.state is FindingState.KNOWN for one in marked)
    assert known + gone == len(before)
    assert len(marked) == len(now)
    assert compare_to_baseline(now, [one.fingerprint for one in now])[1] == 0
