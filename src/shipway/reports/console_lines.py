"""What the consoles say, as lines with a tone. Pure: the consoles only add colour or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from shipway.errors import CannotRun, ErrorCode
from shipway.findings.finding import Finding, FindingState
from shipway.pipeline.command_line import Invocation
from shipway.pipeline.gates import GateResult
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import RunResult, StepResult
from shipway.reports.error_docs import UNCLASSIFIED, cause_code, explain_command
from shipway.reports.sanitize import is_one_line, log_line, one_line

MOST_FINDINGS = 20
LONGEST_FINDING = 180  # characters; the report has the rest
MOST_LOG_LINES = 30
MOST_LEFT_OUT = 40


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
# The outcome that explains each verdict, where it is not a rollout that does.
_OUTCOME_BEHIND = {
    Verdict.FAILED: Outcome.FAILED,
    Verdict.INCOMPLETE: Outcome.ERROR,
    Verdict.INTERRUPTED: Outcome.CANCELLED,
}
# Of what failed, and of what did not run: a release that nobody gets, or tests that prove nothing,
# before a linter or a scanner.
_WORST_FIRST = ("deploy", "publish", "verify", "build", "test", "quality", "security")
_TESTING = _WORST_FIRST[: _WORST_FIRST.index("quality")]
_EXPLAINED = (Outcome.SKIPPED, Outcome.ERROR, Outcome.UPSTREAM_FAILED, Outcome.CANCELLED)


def step_line(result: StepResult) -> str:
    """The line of a finished step: `passed       quality   ruff   0.12 s`."""
    line = _columns(result, one_line(result.stage), one_line(result.step))
    if result.reason and result.outcome in _EXPLAINED:
        return f"{line}  {one_line(result.reason)}"
    if warnings := warnings_of(result):
        return f"{line}  {one_line('; '.join(warnings))}"
    if result.findings and result.outcome is Outcome.PASSED:
        return f"{line}  {finding_counts(result.findings)}"
    return line


def warnings_of(result: StepResult) -> tuple[str, ...]:
    """What a reader has to know of a result, however it ended: that it lacks something."""
    return tuple(map(str, result.facts.get("warnings", ())))


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
        if "warnings" in result.facts
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
    yield from (ConsoleLine(f"  gate: {text}", Style.BAD) for text in failed_gates((result,)))
    if not result.findings and all(gate.passed for gate in result.gates):
        yield from (
            ConsoleLine(f"  | {log_line(line)}", Style.QUIET) for line in log[-MOST_LOG_LINES:]
        )
    why = reason_of(result)
    if why not in failed_gates((result,)):  # which has been said
        yield ConsoleLine(f"  why:   {why}", Style.BAD)
    if result.remedy:
        yield ConsoleLine(f"  next:  {one_line(result.remedy)}")
    if (code := code_of(result)) != UNCLASSIFIED:
        yield ConsoleLine(f"  more:  {explain_command(code, here)}")
    if result.command:
        yield ConsoleLine(f"  again: {one_line(result.command, longest=4000)}")


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
    """How the run ended, the worst first. The last line is the verdict, with its reason."""
    yield ConsoleLine(f"{outcome_counts(run.steps)} in {run.seconds:.2f} s")
    verdict = verdict_sentence(run)
    steps = worst_first(run.steps)
    yield from _failed(steps, verdict)
    for sentence in failed_gates(steps):
        if sentence not in verdict:  # the last line says it
            yield ConsoleLine(f"gate failed  {sentence}", Style.BAD)
    yield from _unavailable((step for step in steps if step.stage in _TESTING), here)
    yield from _left_out(steps)
    yield from _unavailable((step for step in steps if step.stage not in _TESTING), here)
    if run.address:
        yield ConsoleLine(f"address      {one_line(run.address)}")
    if run.sandbox:
        yield ConsoleLine(f"sandbox      {one_line(run.sandbox)}", Style.QUIET)
    yield ConsoleLine(verdict, _TONE_OF_VERDICT.get(run.verdict, Style.BAD))


def worst_first(steps: Iterable[StepResult]) -> list[StepResult]:
    """Steps in the order in which a reader has to know of them; of equals, as they ended."""
    known = {stage: place for place, stage in enumerate(_WORST_FIRST)}
    return sorted(steps, key=lambda step: known.get(step.stage, len(known)))


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
        return f"{counted(len(run.steps), 'step')}, none failed{where if run.address else ''}"
    causes = causes_of(run)
    if not causes:
        return "no step says why; look at the report"
    first = causes[0]
    more = f" ({counted(len(causes) - 1, 'more step')} too)" if len(causes) > 1 else ""
    return f"{one_line(first.step)}: {reason_of(first)}{more}{_undelivered(run)}"


def _undelivered(run: RunResult) -> str:
    """That an incomplete run brought nothing out, which its exit code says, too."""
    names = [one_line(step.step) for step in run.undelivered]
    if run.verdict is not Verdict.INCOMPLETE or not names:
        return ""
    return f"; nothing came of {' and '.join(names)}"


def causes_of(run: RunResult) -> tuple[StepResult, ...]:
    """The steps that made the verdict what it is, the worst first."""
    behind = _OUTCOME_BEHIND.get(run.verdict)
    return tuple(
        step
        for step in worst_first(run.steps)
        if step.rollout is run.verdict or step.outcome is behind
    )


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


def gates_of(steps: Iterable[StepResult]) -> tuple[tuple[str, GateResult], ...]:
    """Every gate with the step that held it, failed ones first."""
    gates = [(step.step, gate) for step in steps for gate in step.gates]
    return tuple(sorted(gates, key=lambda pair: pair[1].passed))


def counted(number: int, noun: str) -> str:
    """`1 step`, `2 steps`, `5,000 steps`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _failed(steps: Iterable[StepResult], verdict: str) -> Iterator[ConsoleLine]:
    """The failed steps that neither the verdict names nor the sentence of a gate."""
    gates = set(failed_gates(steps := list(steps)))
    failed = [
        line
        for step in steps
        if step.outcome is Outcome.FAILED
        and (reason := reason_of(step)) not in gates
        and (line := f"{one_line(step.step)}: {reason}") not in verdict
    ]
    yield from (ConsoleLine(f"failed       {line}", Style.BAD) for line in failed[:MOST_FINDINGS])
    if len(failed) > MOST_FINDINGS:
        rest = counted(len(failed) - MOST_FINDINGS, "more step")
        yield ConsoleLine(f"failed       {rest}, named in the report", Style.BAD)


def _unavailable(steps: Iterable[StepResult], here: Invocation) -> Iterator[ConsoleLine]:
    for step in steps:
        if step.outcome is Outcome.ERROR:
            yield ConsoleLine(
                f"unavailable  {one_line(step.step)}: {reason_of(step)}", Style.UNSURE
            )
            if step.remedy:
                yield ConsoleLine(f"             next: {one_line(step.remedy)}")
            more = explain_command(code_of(step), here)
            yield ConsoleLine(f"             more: {more}")


def _left_out(steps: Iterable[StepResult]) -> Iterator[ConsoleLine]:
    names = skipped_tests(steps)
    for name in names[:MOST_LEFT_OUT]:
        yield ConsoleLine(f"left out     {one_line(name)}", Style.UNSURE)
    rest = len(names) - MOST_LEFT_OUT
    if rest > 0:
        yield ConsoleLine(
            f"left out     {counted(rest, 'more test')}, named in the report", Style.UNSURE
        )
