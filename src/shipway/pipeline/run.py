"""The verb `run`: takes the steps through the graph, in parallel, with the cache."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import MappingProxyType
from typing import Protocol

from shipway.errors import CannotRun, ShipwayError
from shipway.pipeline.cache import StepCache, cached_text
from shipway.pipeline.codec import run_to_json, step_to_json
from shipway.pipeline.command_line import command_line
from shipway.pipeline.graph import Blocked, Graph, Scheduler
from shipway.pipeline.outcome import Outcome, Verdict, verdict_of
from shipway.pipeline.release_source import REMEDY, ReleaseSource
from shipway.pipeline.result import Comparison, RunResult, StepResult, TestTally
from shipway.pipeline.run_secrets import SECRET_SCANNERS, RunSecrets, can_be_replayed
from shipway.pipeline.step import PROVING_STAGES, Step
from shipway.ports import Clock, EndedStep, OnOutput

# Who is told what happens during a run: the consoles, the JSON stream, the record.


class RunListener(Protocol):
    """Told of everything, in order; may be called from the threads that run the steps.

    A step that is cached, skipped or blocked is never started: it only finishes.
    """

    def run_started(self, run: str, application: str, steps: Sequence[Step]) -> None:
        """`steps` is everything that may run, in the order of the graph."""
        ...

    def step_started(self, step: Step) -> None: ...

    def step_output(self, step: str, line: str) -> None:
        """One line that a running step printed, secrets already blotted out."""
        ...

    def step_finished(self, result: StepResult) -> None: ...

    def run_finished(self, result: RunResult) -> None: ...

    def close(self) -> None:
        """Give the terminal back, however the run ended; harmless when done twice."""
        ...


# The verb `plan`: for every step, whether it would run and why.


@dataclass(frozen=True)
class Forecast:
    """What would happen to a step. seconds: as long as it took last time. replayed: it would be
    `unavailable`, as an earlier run found it, without being asked."""

    step: Step
    runs: bool
    why: str
    seconds: float
    replayed: bool = False


def unasked_steps(graph: Graph, stages: Sequence[str]) -> dict[str, str]:
    """Steps that run on request only, each with how to ask for it."""
    asking = "it runs when asked for: "
    return {name: asking + command_line("run", name) for name in graph.unasked(stages)}


def forecast_run(
    graph: Graph,
    cache: StepCache,
    durations: Mapping[str, float],
    now: float,
    skipped: Mapping[str, str] = MappingProxyType({}),
) -> list[Forecast]:
    """Foresee a run. A step behind one that runs is expected to run too.

    skipped: steps that would be skipped, each with the reason.
    """
    running: set[str] = set()
    forecasts = []
    for name in graph.order:
        step = graph.steps[name]
        if name in skipped:
            forecasts.append(Forecast(step, False, skipped[name], durations.get(name, 0.0)))
            continue
        hit = cache.look(step, now)
        first = next((need for need in step.needs if need in running), "")
        absence = None if hit or first else cache.absence(step, now)
        if first:
            why = f"{first} runs, and this needs it"
        elif absence is not None:
            why = absence.reason
        else:
            why = "nothing that it depends on changed" if hit else cache.why(step, now)
        if first or (hit is None and absence is None):
            running.add(name)
        seconds = durations.get(name, step.expected)
        replayed = absence is not None
        forecasts.append(Forecast(step, name in running, why, seconds, replayed))
    return forecasts


_LOG = logging.getLogger(__name__)
_WAKE = 0.5  # seconds
# Does a step's work once, given the results of the steps that ended before it.
Perform = Callable[[Step, Mapping[str, StepResult], OnOutput], StepResult]


class RunRecord(Protocol):
    """What a run needs of the record (system.record.SqliteRecord)."""

    def start_run(self, run: str, started: float, commit: str = "") -> None: ...
    def finish_steps(self, run: str, ended: Sequence[EndedStep]) -> None: ...
    def finish_run(self, run: str, result: str) -> None: ...
    def durations(self) -> dict[str, float]: ...


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What the caller asked for.

    run: the run's id. jobs: cores to use at once. secrets: what nothing that the run shows or
    keeps may hold. changed: the paths that changed, or None
    for all; a step none of whose inputs is among them is skipped. skipped: steps that this call
    gives nothing to do, each with the reason. allowed: checks that may be unavailable, each
    with the reason. branch, commit: of the working tree. words: step → the options of this call
    that it needs, for the command that runs it again. strict: whether what is absent holds up a
    rollout as a failure does. compare: what the main branch says of a run's problems; asked only
    of a run that has some. rated: the tally of a step's tests with how often they were flaky;
    asked only where some were. shortcoming: what did not hold the steps' programs, once they
    ended. shared: ends the sharing of outcomes, and says what went wrong with it.
    """

    run: str
    jobs: int
    secrets: RunSecrets
    application: str = ""
    fail_fast: bool = False
    changed: frozenset[str] | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)
    allowed: Mapping[str, str] = field(default_factory=dict)
    branch: str = ""
    commit: str = ""
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    strict: bool = False
    compare: Callable[[RunResult], Comparison] = lambda run: Comparison()
    rated: Callable[[StepResult], TestTally | None] = lambda step: step.tests
    shortcoming: Callable[[], str] = str
    shared: Callable[[], tuple[str, ...]] = tuple


@dataclass(frozen=True)
class _Event:
    """A line that a step printed; or how it ended, for the listener and for the record."""

    step: str
    line: str = ""
    result: StepResult | None = None
    ended: EndedStep | None = None


class PipelineRun:
    """One run of a graph."""

    def __init__(
        self,
        graph: Graph,
        perform: Perform,
        cache: StepCache,
        record: RunRecord,
        listener: RunListener,
        clock: Clock,
        options: RunOptions,
    ) -> None:
        self._graph = graph
        self._perform_once = perform
        self._cache = cache
        self._record = record
        self._listener = listener
        self._clock = clock
        self._options = options
        self._secrets = options.secrets
        self._held: list[_Event] = []
        self._holding = threading.Lock()
        self._results: list[StepResult] = []
        self._upstream: dict[str, StepResult] = {}
        self._unwritten: list[EndedStep] = []
        self._work: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[tuple[Step, StepResult] | None] = queue.SimpleQueue()
        self._workers: list[threading.Thread] = []
        self._failed_fast = False
        self._cancelled = threading.Event()
        self._source: ReleaseSource | None = None

    def cancel(self) -> None:
        """Start nothing more; the caller ends what runs. Safe in a signal handler."""
        self._cancelled.set()
        self._ended.put(None)

    def execute(self, source: ReleaseSource | None = None) -> RunResult:
        """Run everything and say how it ended. Raises RecordError when that cannot be kept.

        source: what the release is made from; None where there is none.
        """
        self._source = source
        started, clock = self._clock.now(), self._clock.monotonic()
        name = self._options.application
        self._record.start_run(self._options.run, started, self._options.commit)
        self._listener.run_started(self._options.run, name, list(self._graph.steps.values()))
        try:
            durations = self._record.durations()
            self._loop(
                Scheduler(
                    self._graph,
                    self._options.jobs,
                    durations,
                    strict=self._options.strict,
                    first=SECRET_SCANNERS,
                )
            )
        finally:
            for _ in self._workers:
                self._work.put(None)
            self._write()
            self._cache.remember_files()
        for worker in self._workers:  # one that still ends would keep the record open
            worker.join()
        result = RunResult(
            run=self._options.run,
            application=name,
            verdict=self._verdict(),
            started=started,
            seconds=self._clock.monotonic() - clock,
            steps=tuple(self._results),
            commit=self._options.commit,
            branch=self._options.branch,
            jobs=self._options.jobs,
            address=self._address(),
            sandbox=self._options.shortcoming(),
            cache=self._options.shared(),
        )
        if result.verdict is not Verdict.PASSED:
            result = replace(result, compared=self._options.compare(result))
        self._record.finish_run(self._options.run, run_to_json(result))
        self._listener.run_finished(result)
        return result

    def _loop(self, schedule: Scheduler) -> None:
        while not schedule.done:
            stopping = self._cancelled.is_set() or self._failed_fast
            step = None if stopping else schedule.next(self._clock.monotonic())
            if step is not None:
                self._begin(schedule, step)
                continue
            if stopping:
                for waiting in schedule.cancel():
                    self._note(self._not_started(waiting))
                if schedule.done:
                    return
            self._write()  # while the workers have something to do
            if (done := self._wait()) is not None:
                self._finish(schedule, *done)

    def _wait(self) -> tuple[Step, StepResult] | None:
        """The next step that has ended; None now and then.

        For a signal that comes just before this waits does not wake it: it is seen by then.
        """
        try:
            return self._ended.get(timeout=_WAKE)
        except queue.Empty:
            return None

    def _begin(self, schedule: Scheduler, step: Step) -> None:
        if reason := self._skip_reason(step):
            self._finish(schedule, step, _result(step, Outcome.SKIPPED, reason))
            return
        if step.role.looks_behind and self._source is not None and self._source.change:
            reason = f"{self._source.change}: what was checked is not what would be released"
            blocked = _result(step, Outcome.UPSTREAM_FAILED, reason)
            blocked = replace(blocked, remedy=REMEDY, code="release-changed")
            self._finish(schedule, step, blocked)
            return
        hit = self._cache.look(step, self._clock.now())
        if hit is not None and not self._learned(hit[1]):
            hit = None
        if hit is None:
            _LOG.info("cache miss: %s, key %s", step.name, self._cache.key(step))
            absence = self._cache.absence(step, self._clock.now())
            if absence is None:
                self._dispatch(step)
            else:
                self._finish(schedule, step, absence)
            return
        _LOG.info("cache hit: %s, key %s", step.name, self._cache.key(step))
        text, result = hit
        if self._source is not None and self._source.compare(self._cache.inputs(step)):
            self._finish(schedule, step, result)
            return
        self._upstream[step.name] = result
        # The stored text says "passed": what the record says of this run must be what happened.
        self._note(result, EndedStep(step.name, cached_text(text)))
        self._note_blocked(schedule.finish(step.name, Outcome.CACHED))

    def _skip_reason(self, step: Step) -> str:
        options = self._options
        if step.name in options.skipped:
            return options.skipped[step.name]
        if step.branches and options.branch not in step.branches:
            return f"it runs on {', '.join(step.branches)} only"
        if options.changed is None or not step.inputs:
            return ""
        touched = self._cache.files.touched(step.inputs, options.changed)
        return "" if touched else "none of its inputs changed"

    def _dispatch(self, step: Step) -> None:
        self._listener.step_started(step)
        if len(self._workers) < self._options.jobs:
            self._workers.append(threading.Thread(target=self._worker, daemon=True))
            self._workers[-1].start()
        self._work.put(step)

    def _worker(self) -> None:
        while (step := self._work.get()) is not None:
            self._ended.put((step, self._perform(step)))

    def _perform(self, step: Step) -> StepResult:
        started, clock = self._clock.now(), self._clock.monotonic()

        def output(line: str) -> None:
            self._pass_on(_Event(step.name, line=line))

        try:
            result = self._perform_once(step, self._upstream, output)
            for _ in range(step.retries):
                if result.outcome is not Outcome.FAILED or self._cancelled.is_set():
                    break
                output("it failed; trying again")
                result = self._perform_once(step, self._upstream, output)
        except ShipwayError as problem:
            result = replace(
                _result(step, Outcome.FAILED, problem.message),
                remedy=problem.remedy,
                code=problem.code,
            )
        except Exception as problem:  # noqa: BLE001  # a defect in one step must not hang the run
            reason = f"Shipway itself failed: {type(problem).__name__}: {problem}"
            result = replace(_result(step, Outcome.FAILED, reason), remedy="Report it as a bug.")
        if self._cancelled.is_set() and result.outcome in (Outcome.FAILED, Outcome.ERROR):
            result = replace(
                result, outcome=Outcome.CANCELLED, reason="it was stopped", code="interrupted"
            )
        return replace(
            result,
            started=started,
            seconds=self._clock.monotonic() - clock,
            needs=step.needs,
            command="" if result.outcome is Outcome.PASSED else self._again(step),
        )

    def _again(self, step: Step) -> str:
        """The command that runs it alone, as it was run here."""
        options = self._options.words.get(step.name, ())
        if step.name.startswith("-"):  # or it would be one more option
            return command_line("run", *options, "--", step.name)
        return command_line("run", step.name, *options)

    def _finish(self, schedule: Scheduler, step: Step, result: StepResult) -> None:
        if not self._learned(result):
            reason = "a file changed while it looked for secrets"
            result = replace(
                result, outcome=Outcome.ERROR, reason=reason, remedy="Run it again.", facts={}
            )
        result = self._proving(step, self._allowed(result))
        flaky = False
        if result.tests is not None and result.outcome is not Outcome.CACHED:
            result = replace(result, facts={**result.facts, "key": self._cache.key(step)})
            if flaky := bool(result.tests and result.tests.flaky):
                result = replace(result, tests=self._options.rated(result))
        self._upstream[step.name] = result
        # What failed once proves nothing later.
        entry = None if flaky else self._cache.entry(step, result)
        key, parts = entry or ("", "")
        if result.outcome is not Outcome.CACHED:  # the look that found it has done that
            self._cache.ended(step, result)
        seconds = result.seconds if result.outcome is Outcome.PASSED else None
        # Its text is made when it is written: what is not redacted yet is not written.
        self._note(result, EndedStep(step.name, "", seconds, key, parts, self._clock.now()))
        self._note_blocked(schedule.finish(step.name, result.outcome))
        if self._options.fail_fast and result.outcome is Outcome.FAILED:
            self._failed_fast = True

    def _note_blocked(self, steps: Iterable[Blocked]) -> None:
        """What will not run now: also after a cached step, where it waited for that one last."""
        for blocked in steps:
            if unasked := self._options.skipped.get(blocked.step.name):  # whatever it needs
                self._note(_result(blocked.step, Outcome.SKIPPED, unasked))
                continue
            reason = f"{blocked.cause} ended {blocked.outcome}"
            self._note(_result(blocked.step, Outcome.UPSTREAM_FAILED, reason))

    def _proving(self, step: Step, result: StepResult) -> StepResult:
        """The result; `unavailable` where it is good, and may be that of other files."""
        if self._source is None or step.stage not in PROVING_STAGES or not _good(result):
            return result
        self._source.compare(self._cache.inputs(step))
        if not (change := self._source.change or self._source.look_again()):
            return result
        reason = f"{change}: this says nothing of the release"
        return replace(
            result,
            outcome=Outcome.ERROR,
            reason=reason,
            remedy=REMEDY,
            command=self._again(step),
            code="release-changed",
        )

    def _allowed(self, result: StepResult) -> StepResult:
        reason = self._options.allowed.get(result.step)
        if result.outcome is not Outcome.ERROR or reason is None:
            return result
        explanation = f"allowed to be missing: {reason} ({result.reason})"
        return replace(result, outcome=Outcome.SKIPPED, reason=explanation, remedy="")

    def _note(self, result: StepResult, ended: EndedStep | None = None) -> None:
        ended = ended or EndedStep(result.step, "")
        self._pass_on(_Event(result.step, result=result, ended=ended))

    def _learned(self, result: StepResult) -> bool:
        """Take up the secrets that a step found; False where they are not there any more."""
        try:
            self._secrets.learn_from(result)
        except CannotRun:
            return False
        return True

    def _pass_on(self, event: _Event) -> None:
        """Tell the listener and the record, as soon as all secrets are known."""
        with self._holding:
            if event.result is not None:
                self._secrets.scanner_ended(event.step)
            self._held.append(event)
            if not self._secrets.complete:
                return
            events, self._held = self._held, []
            for (step, kind), group in groupby(events, lambda held: (held.step, held.result)):
                if kind is None:
                    lines = [held.line for held in group]
                    for line in self._secrets.redact_lines(lines):
                        self._listener.step_output(step, line)
                else:
                    for held in group:
                        self._pass_on_result(held)

    def _pass_on_result(self, event: _Event) -> None:
        result, ended = event.result, event.ended
        if result is None or ended is None:
            return
        shown = self._secrets.redact_result(result)
        if shown.outcome is not Outcome.CACHED:
            self._secrets.redact_files(result.step)
        if result.step in self._upstream:  # what judges findings needs them as they are
            whole = self._upstream[result.step]
            self._upstream[result.step] = replace(whole, log=shown.log, reports=shown.reports)
        if not ended.result or shown != result:
            ended = ended._replace(result=step_to_json(shown))
        if ended.key and not can_be_replayed(result, shown):
            ended = ended._replace(key="", parts="")
        self._results.append(shown)
        self._unwritten.append(ended)
        self._listener.step_finished(shown)

    def _write(self) -> None:
        """Put what has ended into the record, in one transaction."""
        if self._unwritten:
            self._record.finish_steps(self._options.run, self._unwritten)
            self._unwritten = []

    def _not_started(self, step: Step) -> StepResult:
        if self._cancelled.is_set():
            return _result(step, Outcome.CANCELLED, "the run was stopped before it")
        return _result(
            step, Outcome.UPSTREAM_FAILED, "another step failed, and --fail-fast was given"
        )

    def _verdict(self) -> Verdict:
        rollouts = [result.rollout for result in self._results if result.rollout is not None]
        outcomes = [result.outcome for result in self._results if result.rollout is None]
        return verdict_of(outcomes or [Outcome.PASSED], rollouts)

    def _address(self) -> str:
        addresses = [r.facts["address"] for r in self._results if "address" in r.facts]
        return str(addresses[-1]) if addresses else ""


def _good(result: StepResult) -> bool:
    return result.outcome in (Outcome.PASSED, Outcome.CACHED)


def _result(step: Step, outcome: Outcome, reason: str) -> StepResult:
    return StepResult(
        step=step.name, stage=step.stage, outcome=outcome, reason=reason, needs=step.needs
    )
