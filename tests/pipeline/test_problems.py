from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from shipway.findings.finding import Finding, FindingKind, FindingState, Severity
from shipway.pipeline.gates import Bound, Gate, GateResult
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.problems import (
    ProblemKind,
    abridge_problems,
    compare_with_main,
    count_problems,
    problems_behind,
    run_problems,
)
from shipway.pipeline.result import Comparison, RunResult, StepResult, TestFailure, TestTally

WARD = TestFailure(
    "tests.test_wards::test_ward_page", "AssertionError: expected 200, got 404", "tests/a.py", 41
)
KEY = Finding(
    tool="gitleaks",
    rule="generic-api-key",
    severity=Severity.HIGH,
    path="town/keys.py",
    line=10,
    message="Generic API key.",
    kind=FindingKind.SECRET,
)
UNUSED = Finding(
    tool="flake8",
    rule="F401",
    severity=Severity.MEDIUM,
    path="town/api.py",
    line=3,
    message="'os' imported but unused",
)
INJECTION = replace(KEY, tool="bandit", rule="B608", kind=FindingKind.CODE, message="SQL", line=7)


def step(name: str, stage: str, outcome: Outcome = Outcome.FAILED) -> StepResult:
    return StepResult(step=name, stage=stage, outcome=outcome)


def broken(measure: str, figure: float = 1, tool: str = "") -> GateResult:
    gate = Gate(measure, Bound.AT_MOST, 0)
    return GateResult(gate, "", figure, "", passed=False, tool=tool)


def run(*steps: StepResult, verdict: Verdict = Verdict.FAILED) -> RunResult:
    return RunResult(
        run="7", application="town", verdict=verdict, started=1, seconds=1, steps=steps
    )


UNIT = replace(
    step("unit", "test"),
    tests=TestTally(260, 1, 0, failures=(WARD,)),
    reason="1 of 261 tests failed",
)
FINDINGS = replace(
    step("findings", "security"),
    findings=(INJECTION, KEY, replace(INJECTION, line=8, state=FindingState.WAIVED)),
    gates=(broken("high findings"), broken("secrets")),
)
FLAKE8 = replace(
    step("flake8", "quality"), findings=(UNUSED,), gates=(broken("findings", tool="flake8"),)
)
RUFF = replace(FLAKE8, step="ruff", findings=(replace(UNUSED, tool="ruff"),))
MYPY = replace(
    FLAKE8, step="mypy", findings=(replace(UNUSED, tool="mypy", rule="arg-type", line=9),)
)
COVERAGE = replace(
    step("coverage", "test"),
    gates=(GateResult(Gate("coverage", Bound.AT_LEAST, 80), "", 71.25, "%", passed=False),),
)
TRIVY = replace(step("trivy", "security", Outcome.ERROR), reason="trivy is not here.")
EVERYTHING = (FLAKE8, RUFF, TRIVY, MYPY, COVERAGE, FINDINGS, UNIT)


def test_each_fault_is_one_sentence_and_the_heaviest_comes_first() -> None:
    assert [(p.kind.value, p.sentence) for p in run_problems(run(*EVERYTHING))] == [
        ("secret", "town/keys.py:10: Generic API key (gitleaks generic-api-key)"),
        ("failed test", "tests/a.py:41: expected 200, got 404 (test_ward_page)"),
        ("vulnerability", "town/keys.py:7: SQL (bandit B608)"),
        ("missed limit", "coverage is 71.25 %; at least 80 % is required"),
        ("type error", "town/api.py:9: 'os' imported but unused (mypy arg-type)"),
        ("lint error", "town/api.py:3: 'os' imported but unused (flake8 F401)"),
        ("not run", "trivy: trivy is not here"),
    ]


def test_what_two_linters_say_of_one_line_by_one_rule_is_one_fault() -> None:
    lint = [p for p in run_problems(run(FLAKE8, RUFF)) if p.kind is ProblemKind.LINT]
    assert len(lint) == 1


@given(st.permutations(EVERYTHING))
def test_the_order_of_kinds_does_not_depend_on_which_step_ended_first(
    steps: list[StepResult],
) -> None:
    kinds = [problem.kind for problem in run_problems(run(*steps))]
    assert kinds == sorted(kinds, key=list(ProblemKind).index)
    assert len(kinds) == 7


def test_a_step_that_only_says_that_it_failed_is_a_fault_of_its_stage() -> None:
    stages = {"quality": "failed check", "build": "failed build", "deploy": "failed deploy"}
    for stage, kind in stages.items():
        (problem,) = run_problems(run(step("x", stage)))
        assert problem.kind.value == kind
        assert problem.sentence == "x: it ended failed without saying why"


def test_no_step_that_failed_or_did_not_run_is_without_a_fault() -> None:
    for outcome in (Outcome.FAILED, Outcome.ERROR, Outcome.CANCELLED):
        assert [p.step for p in run_problems(run(step("x", "test", outcome)))] == ["x"]
    good = (Outcome.PASSED, Outcome.CACHED, Outcome.SKIPPED, Outcome.UPSTREAM_FAILED)
    assert run_problems(run(*(step(o.value, "test", o) for o in good))) == ()


def test_findings_that_break_no_gate_are_no_fault() -> None:
    passed = replace(FINDINGS, outcome=Outcome.PASSED, gates=())
    assert run_problems(run(passed)) == ()


def test_more_failed_tests_than_are_named_are_counted() -> None:
    many = replace(UNIT, tests=TestTally(0, 3, 0, failures=(WARD,)))
    assert [p.sentence for p in run_problems(run(many))][1] == "unit: 2 more tests failed"


Past = tuple[str, Callable[[], Sequence[StepResult]]]


def past(*runs: tuple[str, Sequence[StepResult]]) -> Iterator[Past]:
    for name, steps in runs:
        yield name, partial(tuple, steps)


def test_what_main_does_not_have_is_new_and_comes_first() -> None:
    whole = run(*EVERYTHING)
    before = ("m1", (replace(FINDINGS), replace(UNIT, outcome=Outcome.PASSED, tests=None), FLAKE8))
    compared = compare_with_main(whole, past(before))
    problems = run_problems(replace(whole, compared=compared))
    assert [(p.kind.value, p.new) for p in problems] == [
        ("failed test", True),
        ("secret", False),
        ("vulnerability", False),
        ("missed limit", None),  # coverage did not run there: nobody knows
        ("type error", None),
        ("lint error", False),
        ("not run", None),
    ]
    assert compared.run == "m1"


def test_a_step_that_did_not_look_in_mains_last_run_is_asked_in_an_earlier_one() -> None:
    absent = replace(UNIT, outcome=Outcome.ERROR, tests=None)
    runs = past(("m2", (absent,)), ("m1", (UNIT,)))
    compared = compare_with_main(run(UNIT), runs)
    assert (compared.run, compared.looked) == ("m2", ("unit",))
    (problem,) = run_problems(replace(run(UNIT), compared=compared))
    assert problem.new is False


def test_what_a_scanner_finds_that_did_not_run_on_main_is_not_called_new() -> None:
    bandit = step("bandit", "security", Outcome.PASSED)
    gates = (broken("high findings"),)
    whole = run(bandit, replace(FINDINGS, findings=(INJECTION,), gates=gates))
    clean = replace(FINDINGS, outcome=Outcome.PASSED, findings=(), gates=())
    missing = replace(bandit, outcome=Outcome.ERROR)
    compared = compare_with_main(whole, past(("m1", (missing, clean))))
    assert [p.new for p in run_problems(replace(whole, compared=compared))] == [None]
    compared = compare_with_main(whole, past(("m1", (bandit, clean))))
    assert [p.new for p in run_problems(replace(whole, compared=compared))] == [True]


def test_no_more_runs_are_read_than_are_needed() -> None:
    def unreadable() -> Sequence[StepResult]:
        raise AssertionError("it was read")

    runs = iter([("m2", lambda: (UNIT,)), ("m1", unreadable)])
    assert compare_with_main(run(UNIT), runs).looked == ("unit",)


def test_without_a_run_of_main_nothing_is_marked() -> None:
    assert compare_with_main(run(*EVERYTHING), ()) == Comparison()
    assert {p.new for p in run_problems(run(*EVERYTHING))} == {None}


def test_the_faults_behind_a_verdict_explain_that_verdict() -> None:
    rollout = replace(step("deploy", "deploy"), rollout=Verdict.ROLLED_BACK, reason="it crashed")
    back = run(UNIT, rollout, TRIVY, verdict=Verdict.ROLLED_BACK)
    assert [p.step for p in problems_behind(back)] == ["deploy"]
    assert [p.step for p in problems_behind(run(TRIVY, UNIT))] == ["unit"]
    assert [p.step for p in problems_behind(run(TRIVY, verdict=Verdict.INCOMPLETE))] == ["trivy"]


def test_faults_are_counted_by_kind_and_cut_by_kind() -> None:
    lines = tuple(replace(UNUSED, line=n) for n in range(1, 9))
    problems = run_problems(run(UNIT, replace(FLAKE8, findings=lines)))
    assert count_problems(problems) == "1 failed test, 8 lint errors"
    shown, more = abridge_problems(problems, 5)
    assert len(shown) == 6
    assert more == ("3 more lint errors",)
