"""A rehearsal: to the candidate and back, in a scratch environment, while users ask.

The same code as in earnest rolls out; only the environment, the load and the fault are made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from shipway.core.errors import CannotRun, ShipwayError
from shipway.core.fault import FaultKind
from shipway.core.load import Sent
from shipway.core.load_summary import summarise
from shipway.core.outcome import Verdict
from shipway.core.receipt import Receipt
from shipway.core.rehearsal import (
    Marks,
    Rehearsal,
    moments,
    parts,
    sound_at_the_end,
    to_verdict,
)
from shipway.core.release import Release
from shipway.core.scratch import NAME, with_fault
from shipway.core.watching import RolloutListener
from shipway.flows.saboteur import Saboteur
from shipway.flows.stage import Apart, Load, Platform, Script, Stage


def rehearse(stage: Stage, script: Script, listener: RolloutListener) -> Rehearsal:
    """Play it, and take everything down, however it ends.

    Raises CannotRun where the current release cannot even be started.
    """
    with _platform(stage, script, listener) as platform:
        first = platform.deploy(script.release, listener)
        if first.verdict is not Verdict.PASSED:
            raise CannotRun(f"{script.release.name} cannot be started: {first.cause}", first.remedy)
        load = stage.load(script.plan)
        try:
            receipt, back, marks = _Play(stage, script, load, listener).play()
        except BaseException:  # Ctrl-C, too
            load.kill()
            raise
        sent = load.stop()
    return _account(script, receipt, back, marks, sent)


@contextmanager
def _platform(stage: Stage, script: Script, listener: RolloutListener) -> Iterator[Platform]:
    try:
        yield stage.platform(script.config)
    finally:
        try:
            listener.said("taking everything down")
        finally:  # whether or not that can be said
            stage.platform(script.config).down()  # what it knows is what the record says now


class _Play:
    """The two ways, under load."""

    def __init__(self, stage: Stage, script: Script, load: Load, listener: RolloutListener) -> None:
        self._stage = stage
        self._script = script
        self._load = load
        self._listener = listener
        self._config = with_fault(script.config, script.fault)
        self._platform = stage.platform(self._config)
        self._apart: Apart | None = None

    def play(self) -> tuple[Receipt, Receipt, Marks]:
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
        return receipt, returned, Marks(forward, forward_end, back, back_end, struck)

    def _forward(self) -> Receipt:
        fault = self._script.fault
        killed = fault is not None and fault.kind is FaultKind.KILL_SHIPWAY
        return self._try(self._deploy_apart if killed else self._deploy, self._script.candidate)

    def _deploy(self) -> Receipt:
        return self._platform.deploy(self._script.candidate, self._listener)

    def _deploy_apart(self) -> Receipt:
        self._apart = self._stage.apart(self._config, self._script.candidate)
        try:
            receipt = self._apart.wait()
        finally:
            self._apart.kill()
        if receipt is not None:
            return receipt
        self._listener.said("the command was killed: the next one takes over")
        self._platform = self._stage.platform(self._config)
        return self._deploy()

    def _back(self, receipt: Receipt) -> Receipt:
        """Roll back what passed; what did not is back already, and the next command mends it."""
        release = self._script.release
        platform = self._stage.platform(self._script.config)
        if receipt.verdict is Verdict.PASSED:
            return self._try(lambda: platform.rollback("", self._listener), release)
        return self._try(lambda: platform.deploy(release, self._listener), release)

    def _try(self, act: Callable[[], Receipt], release: Release) -> Receipt:
        """A command that gives up is a result of the rehearsal, too."""
        clock = self._stage.clock
        started = clock.now()
        try:
            return act()
        except ShipwayError as problem:
            self._listener.said(problem.message)
            return Receipt(
                NAME, release.name, "", Verdict.FAILED, started, clock.now() - started, "",
                cause=problem.message, remedy=problem.remedy,
            )  # fmt: skip

    def _saboteur(self) -> AbstractContextManager[Saboteur | None]:
        fault = self._script.fault
        if fault is None or not (fault.kind.kills or fault.kind is FaultKind.CRASH_AT):
            return nullcontext()
        return Saboteur(
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
    script: Script, receipt: Receipt, back: Receipt, marks: Marks, sent: Sequence[Sent]
) -> Rehearsal:
    total = summarise(sent)
    before, during, after = parts(sent, marks)
    name = script.candidate.name
    return Rehearsal(
        strategy=script.config.environments[NAME].strategy, fault=script.fault_words,
        rate=script.plan.rate, before_release=script.release.name, candidate=name,
        verdict=receipt.verdict, cause=receipt.cause, back_verdict=back.verdict, marks=marks,
        users=min(script.plan.users, total.requests),
        to_verdict=to_verdict(receipt, sent, name), to_recovery=total.failing,
        sound=sound_at_the_end(sent), total=total, before=before, while_=during, after=after,
        moments=moments(sent, name),
    )  # fmt: skip
