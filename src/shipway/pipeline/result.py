"""What a step and a run ended with; everything that reports and the record are made from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, TypedDict

from shipway.codec import JsonObject
from shipway.errors import ErrorCode
from shipway.findings.finding import Finding
from shipway.pipeline.gates import GateResult, Measure
from shipway.pipeline.outcome import Outcome, Verdict

_DELIVERING = ("deploy", "publish")
_COINCIDENCE = 2  # runs in which a test may fail each time, and pass alone, by chance
_NOT_RUN = (Outcome.ERROR, Outcome.UPSTREAM_FAILED)


@dataclass(frozen=True)
class TestFailure:
    """One test that failed.

    name: as its runner calls it. message: the error in one line. path, line: where in the
    application, "" and 0 where the runner does not say. details: what the runner shows of the
    error, a few lines.
    """

    __test__ = False  # pytest must not take this for a test class

    name: str
    message: str
    path: str = ""
    line: int = 0
    details: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """`path:line`; the test's name where nobody knows it."""
        return f"{self.path}:{self.line}" if self.path else self.name


@dataclass(frozen=True)
class FlakyTest:
    """A test that failed, and was run again because it may be flaky.

    failure: how it failed first. passed: whether it passed then; one that did not is here only
    where it is quarantined. waiver: who quarantined it and until when, "" where nobody did.
    failed, runs: in how many of the runs on record it was flaky, this one among them, of how many
    that ran its suite; 0 where nobody has counted.
    """

    failure: TestFailure
    passed: bool = True
    waiver: str = ""
    failed: int = 0
    runs: int = 0

    @property
    def sentence(self) -> str:
        """`test_mail::test_sends failed and passed when it was run again; flaky in 3 of 20 runs on
        record`. What fails in every suite and passes alone is not random."""
        text = f"{self.failure.name} failed"
        text += " and passed when it was run again" if self.passed else " twice"
        if self.passed and self.failed == self.runs > _COINCIDENCE:
            text += f", as in all {self.runs} runs on record: it depends on the tests before it"
        elif self.runs > 1:
            text += f"; flaky in {self.failed} of {self.runs} runs on record"
        return f"{text}; quarantined by {self.waiver}" if self.waiver else text


@dataclass(frozen=True)
class TestTally:
    """How many tests did what. left_out, known_failures: "test name: reason" of each test that was
    skipped, and that failed as it did before Shipway came; the latter are not among
    `failed`. failures: the first of those that failed. flaky: those that failed and then passed,
    which are neither among `passed` nor among `failed`."""

    __test__ = False  # pytest must not take this for a test class

    passed: int
    failed: int
    skipped: int
    left_out: tuple[str, ...] = ()
    known_failures: tuple[str, ...] = ()
    failures: tuple[TestFailure, ...] = ()
    flaky: tuple[FlakyTest, ...] = ()

    @property
    def executed(self) -> int:
        """Tests that really ran."""
        return self.passed + self.failed + len(self.known_failures) + len(self.flaky)


class StepFacts(TypedDict, total=False):
    """What a step tells the steps after it and the reports; each has what it knows.

    python: the interpreter of an environment that was made. paths: what has to exist for as long
    as the result is good. fixed: findings that are gone since the baseline. suppressions: comments
    that silence a tool, as (path, text). compared: whether there was a baseline. digest, builder:
    of an image that was built. image, tags, sent, blobs, all_blobs: of one that was pushed.
    release: what was packaged or published (releases/release.py). receipt: a rollout's report, as
    `--json` prints it. address: where the application answers. secret_places: where the secrets
    stand that were found (findings/secret_place.py). replayed: True where an earlier run found
    what it lacks here (pipeline/cache.py). loosened: rules that a change loosens; base: compared
    with which commit, branch or tag. key: a digest of all that a step of tests depends on
    (pipeline/cache.py), whatever it ended with. selected: which tests of a suite ran, and why,
    where the outcome of the others is that of an earlier run; whole_run: when all ran last, seconds
    since the epoch. partial: which tests somebody asked for, where the others are not known.
    """

    python: str
    paths: list[str]
    warnings: list[str]
    fixed: int
    suppressions: list[tuple[str, str]]
    compared: bool
    digest: str
    builder: str
    image: str
    tags: list[str]
    sent: int
    blobs: int
    all_blobs: int
    release: JsonObject
    receipt: JsonObject
    address: str
    secret_places: list[JsonObject]
    loosened: list[str]
    base: str
    replayed: bool
    key: str
    selected: str
    whole_run: float
    partial: str


@dataclass(frozen=True)
class Origin:
    """Where an outcome was taken from that was brought about elsewhere.

    writer: who signed it, by the name that `[cache] trust` has for its key. commit: which it was
    checking. stored: when the step ended there; taken: when this run asked; both in seconds since
    the epoch.
    """

    writer: str
    commit: str
    stored: float
    taken: float = 0.0

    @property
    def age(self) -> float:
        """Seconds from the outcome to the run that took it."""
        return max(self.taken - self.stored, 0.0)


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """How a step ended.

    started: seconds since the epoch; seconds: how long it took (when cached: originally).
    reason: one sentence why it did not pass. code: of the error that was raised, "" where none was.
    remedy: what to do next.
    reports: file name → digest of a stored blob. log: digest of its output, "" if none.
    rollout: set by steps that roll out. origin: where it was taken from; None for what this machine
    did itself.
    """

    step: str
    stage: str
    outcome: Outcome
    started: float = 0.0
    seconds: float = 0.0
    reason: str = ""
    remedy: str = ""
    findings: tuple[Finding, ...] = ()
    measures: tuple[Measure, ...] = ()
    gates: tuple[GateResult, ...] = ()
    tests: TestTally | None = None
    reports: dict[str, str] = field(default_factory=dict)
    log: str = ""
    command: str = ""
    rollout: Verdict | None = None
    needs: tuple[str, ...] = ()
    facts: StepFacts = field(default_factory=StepFacts)
    code: ErrorCode | Literal[""] = ""
    origin: Origin | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the last runs of the main branch say of a run's problems.

    run: the newest of them that was looked at, "" where there is none. looked: the steps that did
    their work there. known: keys of the problems that were there, too (pipeline/problems.py).
    """

    run: str = ""
    looked: tuple[str, ...] = ()
    known: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """A whole run. `steps` in the order in which they ended. sandbox: what did not hold the
    programs that it started; "" where all of it did, or none was started. cache: what went wrong
    with the outcomes that are shared, a sentence each."""

    run: str
    application: str
    verdict: Verdict
    started: float
    seconds: float
    steps: tuple[StepResult, ...]
    commit: str = ""
    branch: str = ""
    jobs: int = 1
    address: str = ""
    compared: Comparison = Comparison()
    sandbox: str = ""
    cache: tuple[str, ...] = ()

    @property
    def undelivered(self) -> tuple[StepResult, ...]:
        """The rollouts and publications that should have been, and were not."""
        return tuple(
            step for step in self.steps if step.stage in _DELIVERING and step.outcome in _NOT_RUN
        )

    def exit_code(self, *, strict: bool, named: Collection[str] = ()) -> int:
        """The process's exit code: 0 only where what was asked for was done.

        An incomplete run is a failure under `strict`; without it, too, where nothing came of a
        rollout, or of a step that the caller asked for by its name.
        """
        owed = any(step.step in named and step.outcome in _NOT_RUN for step in self.steps)
        return self.verdict.exit_code(strict=bool(strict or owed or self.undelivered))
