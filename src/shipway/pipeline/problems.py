"""What is wrong with a run: one sentence for each fault, the heaviest first. Pure.

Every output tells the same: terminal, page, comment in the pull request, notification, JSON.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shipway.findings.finding import Finding, FindingKind
from shipway.pipeline.gates import GateResult, counted_findings
from shipway.pipeline.outcome import Outcome, Verdict
from shipway.pipeline.result import Comparison, RunResult, StepResult, TestFailure

# Of what failed, and of what did not run: a release that nobody gets, or tests that prove nothing,
# before a linter or a scanner.
_WORST_FIRST = ("deploy", "publish", "verify", "build", "test", "quality", "security")
_LOOKED = (Outcome.PASSED, Outcome.CACHED, Outcome.FAILED)
_TYPE_CHECKERS = ("mypy",)
_LONGEST_NAME = 60  # characters of a test's name
_PREFIX = re.compile(r"^(?:AssertionError|Failed|Exception): (?=\S)")


class ProblemKind(StrEnum):
    """What is wrong. The order is the weight: what a reader has to know of first."""

    SECRET = "secret"
    TEST = "failed test"
    BUILD = "failed build"
    DEPLOY = "failed deploy"
    VULNERABILITY = "vulnerability"
    LICENCE = "licence"
    WAIVER = "waiver"
    LIMIT = "missed limit"  # of coverage, of response times
    TYPE = "type error"
    CHECK = "failed check"
    LINT = "lint error"
    NOT_RUN = "not run"
    STOPPED = "stopped"

    @property
    def plural(self) -> str:
        """Of several; the outcomes stay as they are."""
        if self is ProblemKind.VULNERABILITY:
            return "vulnerabilities"
        return self.value if self in (ProblemKind.NOT_RUN, ProblemKind.STOPPED) else f"{self}s"


_WEIGHT = {kind: weight for weight, kind in enumerate(ProblemKind)}
_OF_STAGE = {
    "test": ProblemKind.TEST,
    "build": ProblemKind.BUILD,
    "publish": ProblemKind.DEPLOY,
    "deploy": ProblemKind.DEPLOY,
    "verify": ProblemKind.DEPLOY,
    "security": ProblemKind.VULNERABILITY,
}
_OF_FINDING = {
    FindingKind.SECRET: ProblemKind.SECRET,
    FindingKind.LICENCE: ProblemKind.LICENCE,
    FindingKind.WAIVER: ProblemKind.WAIVER,
}
# What explains a verdict of a run in which nothing was rolled out, or the rollout went well.
_BEHIND = {Verdict.INCOMPLETE: ProblemKind.NOT_RUN, Verdict.INTERRUPTED: ProblemKind.STOPPED}


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One fault.

    step: which found it. place: `path:line`, a package; "" where there is none. text: what is
    wrong. remedy: what to do. command: what runs the step alone. severity, rule: of a finding;
    higher is worse. source: the step that looked, where `step` judged for it. key: the same in
    another run. new: whether the main branch does not have it; None where nobody knows.
    """

    kind: ProblemKind
    step: str
    text: str
    key: str
    place: str = ""
    remedy: str = ""
    command: str = ""
    severity: int = 0
    rule: str = ""
    source: str = ""
    new: bool | None = None

    @property
    def sentence(self) -> str:
        """`tests/test_wards.py:41: expected 200, got 404`."""
        return f"{self.place}: {self.text}" if self.place else self.text


def run_problems(run: RunResult) -> tuple[Problem, ...]:
    """All faults of a run: new ones first, of those the heaviest, each once."""
    names = {step.step for step in run.steps}
    problems: dict[tuple[str, ...], Problem] = {}
    for step in worst_first(run.steps):
        for problem in _step_problems(step, names):
            marked = replace(problem, new=_is_new(problem, run.compared))
            # What two linters say of one line, by the same rule, is one fault.
            lint = problem.kind is ProblemKind.LINT
            same = (problem.rule,) if lint else (problem.key, problem.step)
            problems.setdefault((problem.kind, problem.place, *same), marked)
    return tuple(sorted(problems.values(), key=_order))


def worst_first(steps: Iterable[StepResult]) -> list[StepResult]:
    """Steps in the order in which a reader has to know of them; of equals, as they ended."""
    known = {stage: place for place, stage in enumerate(_WORST_FIRST)}
    return sorted(steps, key=lambda step: known.get(step.stage, len(known)))


def problems_behind(run: RunResult) -> tuple[Problem, ...]:
    """The faults that made the verdict what it is, in the same order; all, where it is `failed`."""
    if run.verdict is Verdict.PASSED:
        return ()
    problems = run_problems(run)
    rollouts = {step.step for step in run.steps if step.rollout is run.verdict}
    if run.verdict is not Verdict.FAILED and rollouts:
        return tuple(problem for problem in problems if problem.step in rollouts)
    if run.verdict is Verdict.FAILED:
        rest = (ProblemKind.NOT_RUN, ProblemKind.STOPPED)
        return tuple(problem for problem in problems if problem.kind not in rest)
    return tuple(problem for problem in problems if problem.kind is _BEHIND.get(run.verdict))


def count_problems(problems: Iterable[Problem]) -> str:
    """`1 secret, 2 failed tests, 1 lint error`, the heaviest first; "" for none."""
    numbers = Counter(problem.kind for problem in problems)
    return ", ".join(
        f"{numbers[kind]:,} {kind.value if numbers[kind] == 1 else kind.plural}"
        for kind in ProblemKind
        if numbers[kind]
    )


def abridge_problems(
    problems: Sequence[Problem], most: int
) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """At most so many of each kind; and `25 more lint errors` for each kind that has more."""
    shown: list[Problem] = []
    numbers: Counter[ProblemKind] = Counter()
    for problem in problems:
        numbers[problem.kind] += 1
        if numbers[problem.kind] <= most:
            shown.append(problem)
    rest = {kind: numbers[kind] - most for kind in ProblemKind if numbers[kind] > most}
    more = (f"{n:,} more {kind.value if n == 1 else kind.plural}" for kind, n in rest.items())
    return tuple(shown), tuple(more)


def compare_with_main(
    run: RunResult, past: Iterable[tuple[str, Callable[[], Sequence[StepResult]]]]
) -> Comparison:
    """Which faults of a run are known from the main branch.

    past: runs of it, newest first: name, and what reads its steps. A step counts as it was when it
    last did its work there; no run is read that is not needed.
    """
    problems = run_problems(run)
    sources = {problem.source or problem.step for problem in problems}
    sources |= {problem.step for problem in problems}
    newest, looked, known = "", set[str](), set[str]()
    for name, read in past:
        if not sources - looked:
            break
        newest = newest or name
        steps = read()
        names = {step.step for step in steps}
        for step in steps:
            if step.step in sources - looked and step.outcome in _LOOKED:
                known |= {finding.fingerprint for finding in step.findings}
                known |= {problem.key for problem in _step_problems(step, names)}
                looked.add(step.step)
    return Comparison(
        run=newest,
        looked=tuple(sorted(looked)),
        known=tuple(sorted({problem.key for problem in problems} & known)),
    )


def _is_new(problem: Problem, compared: Comparison) -> bool | None:
    if problem.key in compared.known:
        return False
    both = {problem.step, problem.source or problem.step}
    return True if both <= set(compared.looked) else None


def _order(problem: Problem) -> tuple[bool, int, int]:
    return (problem.new is not True, _WEIGHT[problem.kind], -problem.severity)


def _step_problems(step: StepResult, names: set[str]) -> Iterator[Problem]:
    """names: of all steps of the run."""
    if step.outcome is Outcome.ERROR:
        yield _whole(step, ProblemKind.NOT_RUN)
    elif step.outcome is Outcome.CANCELLED:
        yield _whole(step, ProblemKind.STOPPED)
    else:
        problems = [*_failed_tests(step), *_broken_gates(step, names)]
        if step.outcome is Outcome.FAILED and not problems:
            kind = _kind_of(step)
            lint = kind is ProblemKind.LINT
            problems = [_whole(step, ProblemKind.CHECK if lint else kind)]
        yield from problems


def _kind_of(step: StepResult) -> ProblemKind:
    if step.step in _TYPE_CHECKERS:
        return ProblemKind.TYPE
    return _OF_STAGE.get(step.stage, ProblemKind.LINT)


def _whole(step: StepResult, kind: ProblemKind) -> Problem:
    """A step that says no more than that it did not pass."""
    ended = (step.rollout or step.outcome).value
    reason = step.reason.rstrip(".") or _counted(step) or f"it ended {ended} without saying why"
    return _problem(step, kind, f"{step.step}: {reason}", f"step {step.step}")


def _counted(step: StepResult) -> str:
    for number, noun in ((len(step.findings), "finding"), (_failures(step), "test")):
        if number:
            failed = " failed" if noun == "test" else ""
            return f"{number:,} {noun}{'' if number == 1 else 's'}{failed}"
    return ""


def _failures(step: StepResult) -> int:
    return step.tests.failed if step.tests else 0


def _failed_tests(step: StepResult) -> Iterator[Problem]:
    failures = step.tests.failures if step.tests else ()
    for failure in failures:
        yield _problem(
            step,
            ProblemKind.TEST,
            _test_sentence(failure),
            f"test {step.step} {failure.name}",
            failure.place,
        )
    if failures and (more := _failures(step) - len(failures)) > 0:
        text = f"{step.step}: {more:,} more tests failed"
        yield _problem(step, ProblemKind.TEST, text, f"step {step.step}")


def _test_sentence(failure: TestFailure) -> str:
    """`expected 200, got 404 (test_ward_page)`."""
    message = _PREFIX.sub("", failure.message).rstrip(".") or "it failed without saying why"
    if not failure.path:
        return message
    name = failure.name.rpartition("::")[2]
    shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return f"{message} ({shown})"


def _broken_gates(step: StepResult, names: set[str]) -> Iterator[Problem]:
    """The findings that broke a gate; the gate itself, where it counts none."""
    reported = set()
    for gate in step.gates:
        if gate.passed:
            continue
        findings = (
            counted_findings(gate.gate.measure, step.findings) if gate.counts_findings else ()
        )
        if not findings:
            yield _missed(step, gate)
        for finding in findings:
            if (finding.fingerprint, finding.line) not in reported:
                reported.add((finding.fingerprint, finding.line))
                yield _found(step, finding, names)


def _missed(step: StepResult, gate: GateResult) -> Problem:
    kind = _kind_of(step) if gate.counts_findings else ProblemKind.LIMIT
    return _problem(
        step, kind, gate.sentence, f"gate {step.step} {gate.gate.measure} {gate.subject}"
    )


def _found(step: StepResult, finding: Finding, names: set[str]) -> Problem:
    kind = _OF_FINDING.get(finding.kind) or _kind_of(step)
    text = f"{finding.message.strip().rstrip('.')} ({finding.tool} {finding.rule})"
    problem = _problem(step, kind, text, finding.fingerprint, finding.package or finding.place)
    return replace(
        problem,
        remedy=finding.remedy or step.remedy,
        severity=int(finding.severity),
        rule=finding.rule,
        source=finding.tool if finding.tool in names else step.step,
    )


def _problem(step: StepResult, kind: ProblemKind, text: str, key: str, place: str = "") -> Problem:
    return Problem(
        kind=kind,
        step=step.step,
        text=text,
        key=key,
        place=place,
        remedy=step.remedy,
        command=step.command,
    )
