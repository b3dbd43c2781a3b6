"""Does what a fault orders to real processes, once the candidate has traffic."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from shipway.errors import CannotRun, ShipwayError
from shipway.pipeline.outcome import Verdict
from shipway.ports import Clock
from shipway.rehearsal.environment import NAME, with_fault
from shipway.rehearsal.faults import Fault, FaultKind
from shipway.rehearsal.load import LoadResponse, summarize_load
from shipway.rehearsal.ports import (
    LoadRunner,
    RehearsalPlan,
    RehearsalPlatform,
    RehearsalSetup,
    SeparateDeploy,
)
from shipway.rehearsal.result import (
    RehearsalResult,
    RehearsalTimes,
    healthy_at_the_end,
    load_phases,
    rehearsal_moments,
    time_to_verdict,
)
from shipway.releases.release import Release
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.report import RolloutReport

_LOOK = 0.05  # seconds between looks
_WINDOW = 1.0  # seconds of traffic that a share is of
_BEGUN = 0.02  # share from which the candidate has traffic


class FaultInjector:
    """Watches a load in a thread of its own; strikes once. struck: when, by the clock."""

    def __init__(
        self,
        fault: Fault,
        sent: Callable[[], Sequence[LoadResponse]],
        candidate: str,
        strike: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._fault = fault
        self._sent = sent
        self._candidate = candidate
        self._strike = strike
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.struck: float | None = None

    def __enter__(self) -> FaultInjector:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        crash = self._fault.kind is FaultKind.CRASH_AT
        threshold = self._fault.amount if crash else _BEGUN
        while not self._over.wait(_LOOK):
            if self.traffic_share() >= threshold and self._strike():
                self.struck = self._clock.now()
                return

    def traffic_share(self) -> float:
        """The candidate's share of the last second's answers, 0 to 1; 0 of too few."""
        since = self._clock.now() - _WINDOW
        new = answered = 0
        for request in reversed(self._sent()):
            if request.at + request.latency < since:
                break  # in the order of their ends
            answered += bool(request.release)
            new += request.release == self._candidate
        return new / answered if answered >= 5 else 0.0


# A rehearsal: to the candidate and back, in a scratch environment, while users ask.
#
# The same code as in earnest rolls out; only the environment, the load and the fault are made up.


def run_rehearsal(
    stage: RehearsalSetup, script: RehearsalPlan, listener: RolloutListener
) -> RehearsalResult:
    """Play it, and take everything down, however it ends.

    Raises CannotRun where the current release cannot even be started.
    """
    with _platform(stage, script, listener) as platform:
        first = platform.deploy(script.release, listener)
        if first.verdict is not Verdict.PASSED:
            raise CannotRun(
                f"{script.release.name} cannot be started: {first.cause}",
                first.remedy,
                code="instance-not-started",
            )
        load = stage.load(script.plan)
        try:
            receipt, back, marks = _Play(stage, script, load, listener).play()
        except BaseException:  # Ctrl-C, too
            load.kill()
            raise
        sent = load.stop()
    return _account(script, receipt, back, marks, sent)


@contextmanager
def _platform(
    stage: RehearsalSetup, script: RehearsalPlan, listener: RolloutListener
) -> Iterator[RehearsalPlatform]:
    try:
        yield stage.platform(script.config)
    finally:
        try:
            listener.on_message("taking everything down")
        finally:  # whether or not that can be said
            stage.platform(script.config).down()  # what it knows is what the record says now


class _Play:
    """The two ways, under load."""

    def __init__(
        self,
        stage: RehearsalSetup,
        script: RehearsalPlan,
        load: LoadRunner,
        listener: RolloutListener,
    ) -> None:
        self._stage = stage
        self._script = script
        self._load = load
        self._listener = listener
        self._config = with_fault(script.config, script.fault)
        self._platform = stage.platform(self._config)
        self._apart: SeparateDeploy | None = None

    def play(self) -> tuple[RolloutReport, RolloutReport, RehearsalTimes]:
        """Forward and back: both receipts, and when it was."""
        clock, seconds = self._stage.clock, self._script.seconds
        clock.sleep(seconds)
        with self._saboteur() as saboteur:
            forward = clock.now()
            receipt = self._forward()
            forward_end = clock.now()
            clock.sleep(seconds)
        back = clock.now()
        returned = self._back(receipt)
        back_end = clock.now()
        clock.sleep(seconds)
        struck = saboteur.struck if saboteur else None
        return receipt, returned, RehearsalTimes(forward, forward_end, back, back_end, struck)

    def _forward(self) -> RolloutReport:
        fault = self._script.fault
        killed = fault is not None and fault.kind is FaultKind.KILL_SHIPWAY
        return self._try(self._deploy_apart if killed else self._deploy, self._script.candidate)

    def _deploy(self) -> RolloutReport:
        return self._platform.deploy(self._script.candidate, self._listener)

    def _deploy_apart(self) -> RolloutReport:
        self._apart = self._stage.apart(self._config, self._script.candidate)
        try:
            receipt = self._apart.wait()
        finally:
            self._apart.kill()
        if receipt is not None:
            return receipt
        self._listener.on_message("the command was killed: the next one takes over")
        self._platform = self._stage.platform(self._config)
        return self._deploy()

    def _back(self, receipt: RolloutReport) -> RolloutReport:
        """Roll back what passed; what did not is back already, and the next command mends it."""
        release = self._script.release
        platform = self._stage.platform(self._script.config)
        if receipt.verdict is Verdict.PASSED:
            return self._try(lambda: platform.rollback("", self._listener), release)
        return self._try(lambda: platform.deploy(release, self._listener), release)

    def _try(self, act: Callable[[], RolloutReport], release: Release) -> RolloutReport:
        """A command that gives up is a result of the rehearsal, too."""
        clock = self._stage.clock
        started = clock.now()
        try:
            return act()
        except ShipwayError as problem:
            self._listener.on_message(problem.message)
            return RolloutReport(
                environment=NAME,
                release=release.name,
                before="",
                verdict=Verdict.FAILED,
                started=started,
                seconds=clock.now() - started,
                address="",
                cause=problem.message,
                remedy=problem.remedy,
            )

    def _saboteur(self) -> AbstractContextManager[FaultInjector | None]:
        fault = self._script.fault
        if fault is None or not (fault.kind.kills or fault.kind is FaultKind.CRASH_AT):
            return nullcontext()
        return FaultInjector(
            fault, self._load.sent, self._script.candidate.name, self._strike, self._stage.clock
        )

    def _strike(self) -> bool:
        """What the fault orders; False where what it aims at is not there."""
        fault = self._script.fault
        assert fault is not None
        if fault.kind is FaultKind.CRASH_AT:
            self._stage.trip()
            return True
        if fault.kind is FaultKind.KILL_SHIPWAY:
            return self._apart is not None and self._apart.kill()
        if fault.kind is FaultKind.KILL_PROXY:
            self._stage.kill(self._platform.proxy.pid)
            return True
        digest = self._script.candidate.digest
        for instance in list(self._platform.running):
            if instance.digest == digest:
                self._stage.kill(instance.pid)
                return True
        return False


def _account(
    script: RehearsalPlan,
    receipt: RolloutReport,
    back: RolloutReport,
    marks: RehearsalTimes,
    sent: Sequence[LoadResponse],
) -> RehearsalResult:
    total = summarize_load(sent)
    before, during, after = load_phases(sent, marks)
    name = script.candidate.name
    return RehearsalResult(
        strategy=script.config.environments[NAME].strategy,
        fault=script.fault_words,
        rate=script.plan.rate,
        before_release=script.release.name,
        candidate=name,
        verdict=receipt.verdict,
        cause=receipt.cause,
        back_verdict=back.verdict,
        marks=marks,
        users=min(script.plan.users, total.requests),
        to_verdict=time_to_verdict(receipt, sent, name),
        to_recovery=total.failing,
        sound=healthy_at_the_end(sent),
        total=total,
        before=before,
        while_=during,
        after=after,
        moments=rehearsal_moments(sent, name),
    )
