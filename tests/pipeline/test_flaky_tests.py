"""Tests that fail and pass on the same files: run again by real pytest, and counted on record."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.contexts import Probe, probing, workshop

from shipway.checks.pytest import UNIT
from shipway.config.schema import Application, Config, Gates, Waiver
from shipway.findings.waivers import quarantined_tests
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput
from shipway.pipeline.execution import execute_step
from shipway.pipeline.flaky_tests import FlakyRate, flaky_rates, retried_tally, with_rates
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import FlakyTest, StepResult, TestFailure, TestTally

HEAD = """
import os, sys, time
from pathlib import Path
import pytest

# how often something has happened, over all processes
def times(name):
    with open({folder!r} + "/" + name, "a") as file:
        file.write("x")
        return file.tell()

def test_good():
    pass
"""
SOMETIMES = "def test_sometimes():\n    assert times('a') % {every}\n"
NAME = "tests.test_town::test_sometimes"


@dataclass
class Suite:
    """A suite of tests in a folder."""

    folder: Path
    lines: list[str] = field(default_factory=list)

    def run(self, text: str, flaky: str = "report", *waivers: Waiver) -> StepResult:
        """Run it as the step `unit` does."""
        tests = self.folder / "town" / "tests"
        tests.mkdir(parents=True, exist_ok=True)
        head = HEAD.format(folder=str(self.folder))
        (tests / "test_town.py").write_text(head + text)
        application = Application(name="town", unit_tests="tests")
        config = Config(application=application, gates=Gates(flaky=flaky), waivers=waivers)  # type: ignore[arg-type]
        context = workshop(self.folder / "town", config=config, checks=lambda name: UNIT)
        return execute_step(probing(UNIT, timeout=60.0), context, self.lines.append)


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    return Suite(tmp_path)


def tally(result: StepResult) -> tuple[int, int, list[str]]:
    assert result.tests is not None, result
    flaky = [test.failure.name for test in result.tests.flaky]
    return result.tests.passed, result.tests.failed, flaky


def quarantine(name: str = NAME, expires: date = date(2999, 1, 1)) -> Waiver:
    return Waiver("a race in the cache", "ann", expires, "flaky-test", path=name)


def test_a_planted_flaky_test_is_found_within_ten_runs_and_named(suite: Suite) -> None:
    results = [suite.run(SOMETIMES.format(every=3)) for _ in range(3)]
    found = [result for result in results if result.tests and result.tests.flaky]
    assert [tally(result) for result in found] == [(1, 0, [NAME])]
    assert {result.outcome for result in results} == {Outcome.PASSED}
    assert found[0].facts["warnings"] == [f"1 flaky test: {NAME}"]
    assert found[0].tests and found[0].tests.flaky[0].failure.path == "tests/test_town.py"
    assert sum("are run again" in line for line in suite.lines) == 1
    (rate,) = flaky_rates(("c", [replace(result, step="unit")]) for result in results)
    assert rate == FlakyRate("unit", NAME, 1, 3)


def test_a_gate_decides_whether_a_flaky_test_fails_its_step(suite: Suite) -> None:
    text = SOMETIMES.format(every=2).replace("assert", "assert not")
    failed = suite.run(text, "fail")
    assert failed.outcome is Outcome.FAILED
    assert failed.reason == (
        f"1 test is flaky; none is allowed; {NAME} failed and passed when it was run again"
    )
    assert tally(failed) == (1, 0, [NAME])
    allowed = suite.run(text, "fail", quarantine())
    assert allowed.outcome is Outcome.PASSED and tally(allowed) == (1, 0, [NAME])


def test_a_suite_that_stopped_at_a_flaky_test_has_not_passed(suite: Suite) -> None:
    text = (
        "def test_sometimes(request):\n    request.session.shouldfail = 'enough'\n"
        "    assert times('a') % 2 == 0\n\ndef test_after():\n    assert False\n"
    )
    stopped = suite.run(text)
    assert stopped.outcome is Outcome.FAILED
    assert tally(stopped)[1:] == (1, [])


def test_what_fails_again_has_failed_unless_it_is_in_quarantine(suite: Suite) -> None:
    text = "def test_sometimes():\n    assert times('a') == 0, 'no'\n"
    failed = suite.run(text)
    assert failed.outcome is Outcome.FAILED and tally(failed) == (1, 1, [])
    assert failed.reason.startswith(f"1 of 2 tests failed: {NAME}: AssertionError: no")
    held = suite.run(text, "fail", quarantine())
    assert held.outcome is Outcome.PASSED
    assert held.tests and held.tests.flaky[0].sentence == (
        f"{NAME} failed twice; quarantined by ann until 2999-01-01: a race in the cache"
    )


def test_a_quarantine_ends_with_its_date_and_names_one_test() -> None:
    waivers = [quarantine("a"), quarantine("b", date(2026, 1, 1)), Waiver("r", "o", date.max, "E1")]
    assert list(quarantined_tests(waivers, date(2026, 1, 1))) == ["a", "b"]
    assert list(quarantined_tests(waivers, date(2026, 1, 2))) == ["a"]
    tally = TestTally(0, 1, 0, failures=(TestFailure("a[1]", "no"),))
    assert retried_tally(tally, frozenset(), {"a*": "ann"}) == tally


@pytest.mark.parametrize(
    ("text", "outcome", "expected", "runs"),
    [
        pytest.param(
            "@pytest.fixture\ndef there():\n    assert times('a') > 1\n"
            "def test_sometimes(there):\n    pass\n",
            Outcome.PASSED,
            (1, 0, [NAME]),
            2,
            id="its set-up failed once",
        ),
        pytest.param(
            "@pytest.fixture(scope='module', autouse=True)\ndef there():\n"
            "    assert times('a') > 1\n"
            + "".join(f"def test_{n}():\n    times('b')\n" for n in range(11)),
            Outcome.FAILED,
            (0, 12, []),
            1,
            id="the whole suite is broken",
        ),
        pytest.param(
            "shared = []\ndef test_first():\n    shared.append(1)\n"
            "def test_sometimes():\n    times('a')\n    assert not shared\n",
            Outcome.PASSED,
            (2, 0, [NAME]),
            2,
            id="it depends on the tests before it",
        ),
        pytest.param(
            "def test_sometimes():\n    if times('a') > 1:\n        os._exit(0)\n    assert 0\n",
            Outcome.FAILED,
            (1, 1, []),
            2,
            id="it ends the process when it is run again",
        ),
        pytest.param(
            "def test_sometimes():\n    if times('a') > 1:\n        pytest.skip('no')\n"
            "    assert 0\n",
            Outcome.FAILED,
            (1, 1, []),
            2,
            id="it is skipped when it is run again",
        ),
        pytest.param(
            "@pytest.mark.parametrize('x', [times('a')])\n"
            "def test_sometimes(x):\n    assert x > 1\n",
            Outcome.FAILED,
            (1, 1, []),
            2,
            id="it has another name when it is run again",
        ),
        pytest.param(
            "assert times('a') > 1\n", Outcome.FAILED, (0, 1, []), 1, id="its file was not imported"
        ),
    ],
)
def test_each_way_of_failing_has_its_answer(
    suite: Suite, text: str, outcome: Outcome, expected: tuple[int, int, list[str]], runs: int
) -> None:
    result = suite.run(text)
    assert (result.outcome, tally(result)) == (outcome, expected)
    assert len((suite.folder / "a").read_text()) == runs


def test_a_second_run_that_says_nothing_is_told(suite: Suite) -> None:
    result = suite.run("def test_a():\n    if times('a') > 1:\n        os._exit(0)\n    assert 0\n")
    (warning,) = result.facts["warnings"]
    sentence = "its failed tests were run again, without a result: it ended with 0, and left no"
    assert warning == f"{sentence} report"


@dataclass(frozen=True)
class Retried(Probe):
    """A check whose tests fail, and whose second run does what the code says."""

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """One test failed."""
        return CheckResult(tests=TestTally(0, 1, 0), failed="1 test failed", retry=("t",))

    def retried(
        self,
        first: CheckResult,
        again: ToolOutput,
        config: Config,
        context: CheckContext,
        today: date,
    ) -> CheckResult:
        """What was said."""
        return replace(first, failed=f"{again.code} {again.stderr.strip()}")


def test_a_second_run_has_the_suites_limit(tmp_path: Path) -> None:
    hangs = Retried(
        code="import sys, time\nif '/retry-' in sys.argv[1]:\n    time.sleep(600)\nprint('a')"
    )
    context = workshop(tmp_path, checks=lambda name: hangs)
    step = replace(probing(hangs, timeout=2.0), stage="test")
    result = execute_step(step, context, lambda line: None)
    assert result.outcome is Outcome.FAILED and "it took longer than 2 s" in result.reason


# -- the record ----------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "c"])
RUNS = st.lists(
    st.tuples(st.sampled_from(["k1", "k2"]), st.frozensets(NAMES), st.frozensets(NAMES)), max_size=6
)


def ran(key: str, failed: frozenset[str], retried: frozenset[str]) -> StepResult:
    """A suite in which tests failed, and in which some of them passed when they were run again."""
    lasting = failed - retried
    tests = TestTally(
        1,
        len(lasting),
        0,
        failures=tuple(TestFailure(name, "no") for name in sorted(lasting)),
        flaky=tuple(FlakyTest(TestFailure(name, "no")) for name in sorted(retried)),
    )
    outcome = Outcome.FAILED if lasting else Outcome.PASSED
    return StepResult(step="unit", stage="test", outcome=outcome, tests=tests, facts={"key": key})


def test_a_part_that_somebody_asked_for_says_nothing_of_flakiness() -> None:
    none = frozenset[str]()
    runs = [ran("k", frozenset("a"), none), ran("k", none, none)]
    assert [rate.test for rate in flaky_rates(("c", [run]) for run in runs)] == ["a"]
    parts = [replace(run, facts={**run.facts, "partial": "-k b"}) for run in runs]
    assert flaky_rates(("c", [run]) for run in parts) == ()


@given(RUNS)
def test_a_test_is_flaky_that_has_two_outcomes_at_one_key(
    runs: list[tuple[str, frozenset[str], frozenset[str]]],
) -> None:
    rates = {rate.test: rate for rate in flaky_rates(("c", [ran(*run)]) for run in runs)}
    for name in "abc":
        outcomes = {
            (key, good)
            for key, failed, retried in runs
            for good in ({True, False} if name in retried else {name not in failed})
        }
        two = any((key, True) in outcomes and (key, False) in outcomes for key in ("k1", "k2"))
        assert (name in rates) == two
        if two:
            assert 0 < rates[name].failed <= rates[name].runs == len(runs)


def test_what_was_replayed_and_what_is_not_named_count_for_nothing() -> None:
    bad = ran("k", frozenset("a"), frozenset())
    good = ran("k", frozenset(), frozenset())
    cached = replace(good, outcome=Outcome.CACHED)
    assert flaky_rates([("c", [bad]), ("c", [cached])]) == ()
    assert bad.tests
    unnamed = replace(bad, tests=replace(bad.tests, failed=2))
    assert flaky_rates([("c", [unnamed]), ("c", [good])]) == ()
    older = [replace(step, facts={}) for step in (bad, good)]  # of a version without keys
    assert flaky_rates([("c", [older[0]]), ("d", [older[1]])]) == ()
    assert flaky_rates([("c", [step]) for step in older]) == (FlakyRate("unit", "a", 1, 2),)


def test_a_rate_is_told_and_what_is_not_random_is_called_so() -> None:
    first = TestTally(1, 1, 0, failures=(TestFailure("a", "no"),))
    flaky = retried_tally(first, frozenset("a"), {})
    assert (flaky.passed, flaky.failed, flaky.executed) == (1, 0, 2)

    def sentence(failed: int, runs: int) -> str:
        rates = [FlakyRate("unit", "a", failed, runs), FlakyRate("browser", "a", 9, 9)]
        return with_rates(flaky, "unit", rates).flaky[0].sentence

    assert sentence(1, 1) == "a failed and passed when it was run again"
    assert sentence(2, 9).endswith("run again; flaky in 2 of 9 runs on record")
    assert sentence(3, 3).endswith("as in all 3 runs on record: it depends on the tests before it")
