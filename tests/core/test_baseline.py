"""New against old."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shipway.core.baseline import compare
from shipway.core.finding import Finding, Severity, State

OLD = Finding("bandit", "B1", Severity.HIGH, "a.py", 3, "m", content="eval(x)")
NEW = replace(OLD, rule="B2")


def test_what_was_there_is_known_wherever_it_moved() -> None:
    moved = replace(OLD, path="b.py", line=90)
    marked, gone = compare([moved, NEW], [OLD.fingerprint])
    assert [one.state for one in marked] == [State.KNOWN, State.OPEN]
    assert gone == 0


def test_a_copy_of_an_old_fault_is_a_new_one() -> None:
    marked, _ = compare([OLD, replace(OLD, path="copy.py")], [OLD.fingerprint])
    assert [one.state for one in marked] == [State.KNOWN, State.OPEN]


def test_what_is_gone_is_counted() -> None:
    assert compare([NEW], [OLD.fingerprint, OLD.fingerprint])[1] == 2
    for state in (State.WAIVED, State.SET_ASIDE):
        there = replace(OLD, state=state)
        assert compare([there], [OLD.fingerprint]) == ((there,), 0)


@given(st.lists(st.sampled_from([OLD, NEW])), st.lists(st.sampled_from([OLD, NEW])))
def test_known_and_gone_and_open_add_up(now: list[Finding], before: list[Finding]) -> None:
    marked, gone = compare(now, [one.fingerprint for one in before])
    known = sum(one.state is State.KNOWN for one in marked)
    assert known + gone == len(before)
    assert len(marked) == len(now)
    assert compare(now, [one.fingerprint for one in now])[1] == 0
