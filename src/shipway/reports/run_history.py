"""What the runs on record say together: how they went, what became slow, what is flaky. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from shipway.codec import JsonObject
from shipway.findings.finding import FindingState
from shipway.images.size_budget import SIZE
from shipway.pipeline.flaky_tests import FlakyRate, flaky_rates
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.problems import Problem, run_problems
from shipway.pipeline.result import RunResult
from shipway.reports.console_lines import counted
from shipway.reports.figures import format_duration
from shipway.reports.run_findings import completed_scanners, run_findings
from shipway.reports.sanitize import one_line

_RAN = (Outcome.PASSED, Outcome.FAILED)
_SLOWER = 1.5  # times the median of the runs before
_NOTICED = 1.0  # seconds: less is noise
_LEAST = 3  # runs before, so that there is a trend
_MOST_OF_A_TREND = 30  # runs that a trend is drawn from


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One run. coverage: percent, None where it was not measured. problems: how many it had.

    opened, closed: findings that are there and were not, and the other way round, since the last
    run of the same branch in which the same scanners did their work; None where that is not among
    the runs. open_findings: None where no scanner did. tests: how many ran. image_mb: of the image
    that was built, in MB; None where none was.
    """

    run: str
    started: float
    branch: str
    commit: str
    verdict: str
    seconds: float
    coverage: float | None
    problems: int
    open_findings: int | None
    opened: int | None = None
    closed: int | None = None
    tests: int = 0
    image_mb: float | None = None


@dataclass(frozen=True)
class StepTrend:
    """How long a step took last, and the median of its runs before; cached ones do not count.

    series: seconds of each of the newest runs, the oldest first.
    """

    step: str
    last: float
    before: float
    runs: int
    series: tuple[float, ...] = ()

    @property
    def slower(self) -> bool:
        """Whether it is worth a look."""
        return (
            self.runs > _LEAST
            and self.last > self.before * _SLOWER
            and self.last - self.before > _NOTICED
        )


@dataclass(frozen=True)
class RunHistory:
    """rows, newest first. flaky: tests that failed and passed while nothing that they depend on
    differed."""

    rows: tuple[RunRow, ...]
    steps: tuple[StepTrend, ...]
    flaky: tuple[FlakyRate, ...]

    def to_dict(self) -> JsonObject:
        """For `--json`."""
        return {
            "runs": [vars(row) for row in self.rows],
            "steps": [{**vars(trend), "slower": trend.slower} for trend in self.steps],
            "flaky": [rate.test for rate in self.flaky],
            "flaky_rates": [vars(rate) for rate in self.flaky],
        }


def run_history(runs: Sequence[RunResult]) -> RunHistory:
    """The history. runs: newest first, of any branch."""
    before = _runs_before(runs)
    rows = tuple(
        RunRow(
            run=run.run,
            started=run.started,
            branch=run.branch,
            commit=run.commit,
            verdict=run.verdict.value,
            seconds=run.seconds,
            coverage=_coverage(run),
            problems=len(run_problems(run)),
            open_findings=len(findings := _open(run)) if completed_scanners(run) else None,
            opened=None if (earlier := before.get(run.run)) is None else len(findings - earlier),
            closed=None if earlier is None else len(earlier - findings),
            tests=sum(step.tests.executed for step in run.steps if step.tests),
            image_mb=_measure(run, SIZE),
        )
        for run in runs
    )
    flaky = flaky_rates((run.commit, run.steps) for run in runs)
    return RunHistory(rows, tuple(_trends(runs)), flaky)


def _runs_before(runs: Sequence[RunResult]) -> dict[str, frozenset[str]]:
    """Run → the findings of the run that it is compared with, for those that have one.

    What a scanner does not look for is not gone: only runs of the same scanners are compared.
    """
    newest: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
    before = {}
    for run in reversed(runs):
        scanners = frozenset(completed_scanners(run))
        if (known := newest.get((run.branch, scanners))) is not None:
            before[run.run] = known
        if scanners:
            newest[run.branch, scanners] = _open(run)
    return before


def _coverage(run: RunResult) -> float | None:
    return _measure(run, "coverage")


def _measure(run: RunResult, name: str) -> float | None:
    measures = (measure for step in run.steps for measure in step.measures)
    return next((m.value for m in measures if m.name == name and not m.subject), None)


def _open(run: RunResult) -> frozenset[str]:
    found = (entry.finding for entry in run_findings(run))
    return frozenset(f.fingerprint for f in found if f.state is FindingState.OPEN)


def _trends(runs: Sequence[RunResult]) -> Iterator[StepTrend]:
    took: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        for step in run.steps:
            if step.outcome in _RAN:
                took[step.step].append(step.seconds)
    for name, (last, *before) in sorted(took.items()):
        middle = median(before) if before else last
        series = tuple(reversed([last, *before][:_MOST_OF_A_TREND]))
        yield StepTrend(name, last, middle, len(before) + 1, series)


@dataclass(frozen=True)
class RunDifference:
    """What one run has and another has not.

    unseen: problems of steps that did their work in one of the two only: nobody knows whether they
    are new, or gone. steps: name → seconds in the first, in the second.
    """

    opened: tuple[Problem, ...]
    closed: tuple[Problem, ...]
    unseen: tuple[Problem, ...]
    coverage: tuple[float | None, float | None]
    steps: tuple[tuple[str, float, float], ...]


def compare_runs(old: RunResult, new: RunResult) -> RunDifference:
    """From `old` to `new`."""
    before = {problem.key: problem for problem in run_problems(old)}
    after = {problem.key: problem for problem in run_problems(new)}
    took = {step.step: step.seconds for step in old.steps if step.outcome in _RAN}
    opened = [problem for key, problem in after.items() if key not in before]
    closed = [problem for key, problem in before.items() if key not in after]
    return RunDifference(
        opened=tuple(problem for problem in opened if _looked_for(problem, old)),
        closed=tuple(problem for problem in closed if _looked_for(problem, new)),
        unseen=(
            *(problem for problem in opened if not _looked_for(problem, old)),
            *(problem for problem in closed if not _looked_for(problem, new)),
        ),
        coverage=(_coverage(old), _coverage(new)),
        steps=tuple(
            (step.step, took[step.step], step.seconds)
            for step in new.steps
            if step.outcome in _RAN and step.step in took
        ),
    )


def _looked_for(problem: Problem, run: RunResult) -> bool:
    """Whether the steps that tell of a problem did their work in a run."""
    looked = {step.step for step in run.steps if step.outcome in (*_RAN, Outcome.CACHED)}
    return {problem.step, problem.source or problem.step} <= looked


def history_lines(history: RunHistory) -> Iterator[str]:
    """The history for a terminal."""
    if not history.rows:
        yield "no run is on record"
        return
    heads = ("run", "when (UTC)", "branch", "verdict", "took", "coverage", "problems")
    table = [heads, *(_cells(row) for row in history.rows)]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(heads))]
    for cells in table:
        yield "  ".join(
            f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)
        ).rstrip()
    for trend in history.steps:
        if trend.slower:
            times = f"{format_duration(trend.last)}, {format_duration(trend.before)} before"
            yield f"slower       {one_line(trend.step)}: {times}"
    for rate in history.flaky:
        runs = f"{rate.failed} of {counted(rate.runs, 'run')}"
        yield f"flaky        {one_line(rate.test)}: flaky in {runs} of {one_line(rate.step)}"


def difference_lines(difference: RunDifference) -> Iterator[str]:
    """A comparison for a terminal."""
    for sign, problems in (("new ", difference.opened), ("gone", difference.closed)):
        for problem in problems:
            yield f"{sign}  {problem.kind.value:<13}  {one_line(problem.sentence)}"
    if not (difference.opened or difference.closed):
        yield "the same problems"
    if difference.unseen:
        count = len(difference.unseen)
        yield f"not compared  {count} problems of steps that did their work in one of the two only"
    old, new = difference.coverage
    if old is not None and new is not None:
        yield f"coverage  {old:.4g} % → {new:.4g} %"
    for step, before, after in difference.steps:
        yield f"{one_line(step):<20}  {format_duration(before)} → {format_duration(after)}"


def _cells(row: RunRow) -> tuple[str, ...]:
    when = datetime.fromtimestamp(row.started, UTC).strftime("%Y-%m-%d %H:%M")
    coverage = "–" if row.coverage is None else f"{row.coverage:.4g} %"
    name, branch = one_line(row.run, 40), one_line(row.branch or "–", 30)
    return (
        name,
        when,
        branch,
        row.verdict,
        format_duration(row.seconds),
        coverage,
        str(row.problems),
    )
