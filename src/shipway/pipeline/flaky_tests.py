"""Flaky tests: what becomes of a suite whose failed tests were run again, and how often a test was
flaky. Pure.

A test is flaky that fails and passes while nothing that it depends on differs: in one run, where it
is run again after it failed; or in two runs whose step has the same cache key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import FlakyTest, StepResult, TestTally

MOST_RETRIED = 10  # tests; where more fail, the suite is broken
_RAN = (Outcome.PASSED, Outcome.FAILED)


def retried_tally(
    first: TestTally, passed: frozenset[str], quarantined: Mapping[str, str]
) -> TestTally:
    """A suite's tally after its failed tests were run again.

    passed: those that passed then. quarantined: test → who says so (findings/waivers.py).
    """
    flaky = tuple(
        FlakyTest(failure, failure.name in passed, quarantined.get(failure.name, ""))
        for failure in first.failures
        if failure.name in passed or failure.name in quarantined
    )
    names = {test.failure.name for test in flaky}
    failures = tuple(failure for failure in first.failures if failure.name not in names)
    return replace(first, failed=len(failures), failures=failures, flaky=flaky)


@dataclass(frozen=True)
class FlakyRate:
    """failed: in how many runs a test was flaky. runs: how many ran its suite."""

    step: str
    test: str
    failed: int
    runs: int


def flaky_rates(runs: Iterable[tuple[str, Iterable[StepResult]]]) -> tuple[FlakyRate, ...]:
    """Every test that was flaky in one of the runs. runs: of each its commit and its steps.

    A step counts where it did its work: what is replayed says nothing new. Where its key is not
    on record, as in runs of older versions, the commit stands for it.
    """
    ran: dict[str, int] = defaultdict(int)
    # step and key → of each run: the tests that failed at first, and those that passed then
    suites: dict[tuple[str, str], list[tuple[frozenset[str], frozenset[str]]]] = defaultdict(list)
    for commit, steps in runs:
        for step in steps:
            if step.tests is None or step.outcome not in _RAN or step.facts.get("partial"):
                continue
            ran[step.step] += 1
            retried = frozenset(test.failure.name for test in step.tests.flaky if test.passed)
            first = frozenset(test.failure.name for test in step.tests.flaky)
            first |= {failure.name for failure in step.tests.failures}
            key = step.facts.get("key", "") or commit
            if key and step.tests.failed == len(step.tests.failures):  # else some are not named
                suites[step.step, key].append((first, retried))
    times: dict[tuple[str, str], int] = defaultdict(int)
    for (name, _), outcomes in suites.items():
        always = frozenset.intersection(*(first for first, _ in outcomes))
        for first, retried in outcomes:
            for test in first - always | retried:
                times[name, test] += 1
    return tuple(
        FlakyRate(step, test, count, ran[step]) for (step, test), count in sorted(times.items())
    )


def with_rates(tally: TestTally, step: str, rates: Iterable[FlakyRate]) -> TestTally:
    """The tally with how often each of its flaky tests was flaky."""
    known = {rate.test: rate for rate in rates if rate.step == step}
    return replace(
        tally,
        flaky=tuple(
            replace(test, failed=rate.failed, runs=rate.runs)
            if (rate := known.get(test.failure.name))
            else test
            for test in tally.flaky
        ),
    )


def flaky_sentences(steps: Iterable[StepResult]) -> tuple[str, ...]:
    """A sentence for each flaky test of a run."""
    return tuple(test.sentence for step in steps if step.tests for test in step.tests.flaky)
