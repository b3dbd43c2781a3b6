"""What the consoles say, as lines with a tone. Pure: the consoles only add colour or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from shipway.errors import CannotRun, ErrorCode
from shipway.findings.finding import Finding, FindingState
from shipway.pipeline.command_line import Invocation
from shipway.pipeline.flaky_tests import flaky_sentences
from shipway.pipeline.gates import GateResult
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.problems import (
    Problem,
    ProblemKind,
    abridge_problems,
    count_problems,
    problems_behind,
    run_problems,
)
from shipway.pipeline.result import Origin, RunResult, StepResult
from shipway.reports.error_docs import UNCLASSIFIED, cause_code, explain_command
from shipway.reports.figures import format_age
from shipway.reports.sanitize import is_one_line, log_line, one_line

MOST_FINDINGS = 20
LONGEST_FINDING = 180  # characters; the report has the rest
MOST_LOG_LINES = 30
MOST_TESTS = 10  # that failed, below the line of their step
MOST_LEFT_OUT = 40
MOST_OF_A_KIND = 5  # problems in the verdict block
LABEL = 13  # characters that stand before what a line of the verdict block says


class Style(Enum):
    """How a line feels; a console may give each a colour."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"
    UNSURE = "unsure"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """One line of output."""

    text: str
    tone: Style = Style.PLAIN


TONE_OF = {
    Outcome.PASSED: Style.GOOD,
    Outcome.FAILED: Style.BAD,
    Outcome.CACHED: Style.QUIET,
    Outcome.SKIPPED: Style.QUIET,
    Outcome.ERROR: Style.UNSURE,
    Outcome.UPSTREAM_FAILED: Style.UNSURE,
    Outcome.CANCELLED: Style.UNSURE,
}
_TONE_OF_VERDICT = {Verdict.PASSED: Style.GOOD, Verdict.INCOMPLETE: Style.UNSURE}
_EXPLAINED = (Outcome.SKIPPED, Outcome.ERROR, Outcome.UPSTREAM_FAILED, Outcome.CANCELLED)


def step_line(result: StepResult) -> str:
    """The line of a finished step: `passed       quality   ruff   0.12 s`."""
    line = _columns(result, one_line(result.stage), one_line(result.step))
    if result.reason and result.outcome in _EXPLAINED:
        return f"{line}  {one_line(result.reason)}"
    notes = (*([origin_sentence(result.origin)] if result.origin else []), *warnings_of(result))
    if notes:
        return f"{line}  {one_line('; '.join(notes))}"
    if result.findings and result.outcome is Outcome.PASSED:
        return f"{line}  {finding_counts(result.findings)}"
    return line


def warnings_of(result: StepResult) -> tuple[str, ...]:
    """What a reader has to know of a result, however it ended: that it lacks something."""
    chosen = (result.facts.get("selected"), result.facts.get("partial"))
    return tuple(map(str, (*result.facts.get("warnings", ()), *filter(None, chosen))))


def origin_sentence(origin: Origin) -> str:
    """`from CI, commit 3f2a91c, 2 days ago`."""
    return (
        f"from {origin.writer}, commit {origin.commit[:7] or 'unknown'}, {format_age(origin.age)}"
    )


def finding_counts(findings: Sequence[Finding]) -> str:
    """`2 high, 1 low; 3 known, 1 waived`: what counts by severity, then what does not."""
    worst = Counter(finding.severity for finding in findings if finding.state is FindingState.OPEN)
    others = Counter(
        finding.state for finding in findings if finding.state is not FindingState.OPEN
    )
    counts = [f"{count} {severity.name.lower()}" for severity, count in sorted(worst.items())[::-1]]
    aside = [f"{count} {state.value}" for state, count in sorted(others.items())]
    return "; ".join(", ".join(part) for part in (counts, aside) if part)


def step_lines(results: Sequence[StepResult]) -> list[str]:
    """The lines of many steps at once; their names are checked once for all."""
    together = [text for result in results for text in (result.step, result.stage)]
    if not is_one_line("".join(together)):
        return [step_line(result) for result in results]
    return [
        step_line(result)
        if result.origin or "warnings" in result.facts
        else _columns(result, result.stage, result.step)
        for result in results
    ]


def _columns(result: StepResult, stage: str, name: str) -> str:
    columns = (result.outcome, stage, name, result.seconds)
    return "%-11s  %-8s  %-20s %8.2f s" % columns  # noqa: UP031  # half the time, and thousands come at once


def failure_lines(
    result: StepResult, log: Sequence[str], here: Invocation
) -> Iterator[ConsoleLine]:
    """What a person needs below the line of a step that failed; `log` is its last lines.

    Findings and gates say what the log says, in fewer words.
    """
    yield from (ConsoleLine(f"  {text}", Style.BAD) for text in finding_lines(result))
    yield from _failed_tests(result)
    yield from (ConsoleLine(f"  gate: {text}", Style.BAD) for text in failed_gates((result,)))
    cases = result.tests and result.tests.failures
    if not (result.findings or cases) and all(gate.passed for gate in result.gates):
        yield from (
            ConsoleLine(f"  | {log_line(line)}", Style.QUIET) for line in log[-MOST_LOG_LINES:]
        )
    why = short_reason(result)
    if why not in failed_gates((result,)):  # which has been said
        yield ConsoleLine(f"  why:   {why}", Style.BAD)
    if result.remedy:
        yield ConsoleLine(f"  next:  {one_line(result.remedy)}")
    if (code := code_of(result)) != UNCLASSIFIED:
        yield ConsoleLine(f"  more:  {explain_command(code, here)}")
    if result.command:
        yield ConsoleLine(f"  again: {one_line(result.command, longest=4000)}")


def _failed_tests(result: StepResult) -> Iterator[ConsoleLine]:
    """Each test that failed: place, error and name, and below it what its runner shows."""
    failures = result.tests.failures if result.tests else ()
    for failure in failures[:MOST_TESTS]:
        text = f"{failure.place}: {failure.message}"
        name = f" ({failure.name})" if failure.path else ""
        yield ConsoleLine(f"  {one_line(text + name, longest=LONGEST_FINDING)}", Style.BAD)
        for line in failure.details:
            yield ConsoleLine(f"  | {log_line(line)}", Style.QUIET)
    if (more := len(failures) - MOST_TESTS) > 0:
        yield ConsoleLine(f"  and {counted(more, 'more test')}, named in the report", Style.BAD)


def short_reason(result: StepResult) -> str:
    """Why a step did not pass, where the tests that failed are named beside it."""
    tests = result.tests
    if tests is None or not tests.failures or result.outcome is not Outcome.FAILED:
        return reason_of(result)
    return f"{tests.failed:,} of {counted(tests.executed, 'test')} failed"


def finding_lines(result: StepResult) -> Iterator[str]:
    """The worst findings as `path:line: rule message`, and how many more there are."""
    open_ = [finding for finding in result.findings if finding.state is FindingState.OPEN]
    worst_first = sorted(open_, key=lambda finding: -finding.severity)
    for finding in worst_first[:MOST_FINDINGS]:
        text = f"{finding.package or finding.place}: {finding.rule} {finding.message}"
        if result.stage == "security":
            tools = "+".join(finding.tools)
            text = f"{finding.severity.name.lower():<8} {tools:<16} {text}"
        yield one_line(text, longest=LONGEST_FINDING)
    rest = len(worst_first) - MOST_FINDINGS
    if rest > 0:
        yield f"and {counted(rest, 'more finding')}"


def failed_gates(steps: Iterable[StepResult]) -> Iterator[str]:
    """The sentence of every gate that did not hold."""
    return (one_line(gate.sentence) for step in steps for gate in step.gates if not gate.passed)


def verdict_block(run: RunResult, here: Invocation) -> Iterator[ConsoleLine]:
    """How the run ended: what is wrong, then what to do. The last line is the verdict."""
    yield ConsoleLine(f"{outcome_counts(run.steps)} in {run.seconds:.2f} s")
    problems = run_problems(run)
    explained = {
        step.step: explain_command(code, here)
        for step in run.steps
        if not step.outcome.lets_dependants_run and (code := code_of(step)) != UNCLASSIFIED
    }
    shown, more = abridge_problems(problems, MOST_OF_A_KIND)
    for problem in shown:
        yield from _problem_lines(problem, explained.get(problem.step, ""))
    for text in more:
        yield ConsoleLine(_labelled("", f"and {text}, named in the report"), Style.BAD)
    yield from _tests_apart("left out", skipped_tests(run.steps))
    yield from _tests_apart("known", known_failures(run.steps))
    yield from _tests_apart("flaky", flaky_sentences(run.steps))
    if run.address:
        label = "address" if run.verdict in _TONE_OF_VERDICT else "still live"
        yield ConsoleLine(_labelled(label, one_line(run.address)))
    if run.sandbox:
        yield ConsoleLine(_labelled("sandbox", one_line(run.sandbox)), Style.QUIET)
    for text in run.cache:
        yield ConsoleLine(_labelled("cache", one_line(text)), Style.UNSURE)
    yield from _next_lines(problems_behind(run), explained)
    yield ConsoleLine(verdict_sentence(run), _TONE_OF_VERDICT.get(run.verdict, Style.BAD))


def _labelled(label: str, text: str) -> str:
    return f"{label:<{LABEL}}  {text}"


def _problem_lines(problem: Problem, more: str) -> Iterator[ConsoleLine]:
    """One line; of what did not run, also what is missing for it."""
    absent = problem.kind in (ProblemKind.NOT_RUN, ProblemKind.STOPPED)
    text = one_line(problem_text(problem), longest=LONGEST_FINDING * (1 + absent))
    yield ConsoleLine(_labelled(problem.kind, text), Style.UNSURE if absent else Style.BAD)
    if problem.kind is ProblemKind.NOT_RUN:
        if problem.remedy:
            yield ConsoleLine(_labelled("", f"next: {one_line(problem.remedy)}"))
        if more:
            yield ConsoleLine(_labelled("", f"more: {more}"))


def problem_text(problem: Problem) -> str:
    """Its sentence, marked where the main branch does not have it."""
    return f"new: {problem.sentence}" if problem.new else problem.sentence


def _next_lines(problems: Sequence[Problem], explained: Mapping[str, str]) -> Iterator[ConsoleLine]:
    """What to do about the first of them; what did not run has said so."""
    first = next(iter(problems), None)
    if first is None or first.kind is ProblemKind.NOT_RUN:
        return
    if first.remedy:
        yield ConsoleLine(_labelled("next", one_line(first.remedy)))
    if more := explained.get(first.step):
        yield ConsoleLine(_labelled("more", more))
    if first.command:
        yield ConsoleLine(_labelled("again", one_line(first.command, longest=4000)))


def outcome_counts(steps: Sequence[StepResult]) -> str:
    """`12 steps: 9 passed, 2 cached, 1 failed`."""
    numbers = Counter([step.outcome for step in steps])
    parts = [f"{numbers[outcome]} {outcome.value}" for outcome in Outcome if numbers[outcome]]
    total = counted(len(steps), "step")
    return f"{total}: {', '.join(parts)}" if parts else total


def verdict_sentence(run: RunResult) -> str:
    """The verdict and its reason in one sentence, the word of the verdict first."""
    return f"{run.verdict.value}: {verdict_reason(run)}"


def verdict_reason(run: RunResult) -> str:
    """Why the run ended as it did, in one sentence."""
    if not run.steps:
        return "no step ran, so nothing is proved"
    if run.verdict is Verdict.PASSED:
        where = f"; {one_line(run.application)} answers at {one_line(run.address)}"
        steps = f"{counted(len(run.steps), 'step')}, none failed{_failed_before(run.steps)}"
        return f"{steps}{_flaky(run.steps)}{where if run.address else ''}"
    problems = problems_behind(run)
    if not problems:
        return "no step says why; look at the report"
    first, *others = problems
    rest = f"; also {count_problems(others)}" if others else ""
    return f"{one_line(first.sentence)}{rest}{_new(problems)}{_undelivered(run)}"


def _new(problems: Sequence[Problem]) -> str:
    """How much of it the main branch does not have."""
    number = sum(problem.new is True for problem in problems)
    if not number:
        return ""
    verb = "is" if number == 1 else "are"
    which = "" if len(problems) == 1 else f"{number:,} {verb} "
    return f"; {which}new since the last run of the main branch"


def _failed_before(steps: Sequence[StepResult]) -> str:
    """That tests failed all the same, which no verdict keeps to itself."""
    count = len(known_failures(steps))
    return f"; {counted(count, 'test')} failed that failed before Shipway came" if count else ""


def _flaky(steps: Sequence[StepResult]) -> str:
    """That tests passed only when they were run again."""
    count = len(flaky_sentences(steps))
    return f"; {counted(count, 'flaky test')}" if count else ""


def _undelivered(run: RunResult) -> str:
    """That an incomplete run brought nothing out, which its exit code says, too."""
    names = [one_line(step.step) for step in run.undelivered]
    if run.verdict is not Verdict.INCOMPLETE or not names:
        return ""
    return f"; nothing came of {' and '.join(names)}"


def code_of(result: StepResult) -> ErrorCode:
    """The code of why a step did not pass."""
    code = result.code or cause_code(reason_of(result))
    absent = result.outcome is Outcome.ERROR and code == UNCLASSIFIED
    return CannotRun.default_code if absent else code


def reason_of(result: StepResult) -> str:
    """Why a step did not pass, without a full stop; never empty."""
    if result.reason:
        return one_line(result.reason).rstrip(".")
    broken = next(failed_gates((result,)), "")
    if broken:
        return broken
    if result.findings:
        return counted(len(result.findings), "finding")
    if result.tests and result.tests.failed:
        return f"{counted(result.tests.failed, 'test')} failed"
    return f"it ended {(result.rollout or result.outcome).value} without saying why"


def skipped_tests(steps: Iterable[StepResult]) -> tuple[str, ...]:
    """Every test that did not run, as `name: reason`."""
    return tuple(name for step in steps if step.tests for name in step.tests.left_out)


def known_failures(steps: Iterable[StepResult]) -> tuple[str, ...]:
    """Every test that failed as it did before Shipway came, as `name: reason`."""
    return tuple(name for step in steps if step.tests for name in step.tests.known_failures)


def gates_of(steps: Iterable[StepResult]) -> tuple[tuple[str, GateResult], ...]:
    """Every gate with the step that held it, failed ones first."""
    gates = [(step.step, gate) for step in steps for gate in step.gates]
    return tuple(sorted(gates, key=lambda pair: pair[1].passed))


def counted(number: int, noun: str) -> str:
    """`1 step`, `2 steps`, `5,000 steps`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _tests_apart(label: str, names: Sequence[str]) -> Iterator[ConsoleLine]:
    """Tests that neither passed nor failed the run."""
    for name in names[:MOST_LEFT_OUT]:
        yield ConsoleLine(_labelled(label, one_line(name)), Style.UNSURE)
    rest = len(names) - MOST_LEFT_OUT
    if rest > 0:
        more = f"{counted(rest, 'more test')}, named in the report"
        yield ConsoleLine(_labelled(label, more), Style.UNSURE)
