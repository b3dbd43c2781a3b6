"""This machine as a platform: releases as processes or containers behind Envoy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile

from shipway.config.schema import Config
from shipway.errors import Busy, ConfigError
from shipway.pipeline.command_line import command_line
from shipway.pipeline.outcome import Verdict
from shipway.ports import Clock, Http, Processes, Releases
from shipway.releases.migration_safety import not_on_record
from shipway.releases.release import RELEASE, Release
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.local.environment import EnvironmentState
from shipway.rollouts.local.environment_lock import Signal
from shipway.rollouts.local.instances import Instance
from shipway.rollouts.local.proxy import EnvoyProxy
from shipway.rollouts.local.rollout import LocalRollout
from shipway.rollouts.local.state import UnfinishedRollout
from shipway.rollouts.platform import (
    NO_REMARKS,
    InstanceStatus,
    PlatformStatus,
    RolloutStatus,
)
from shipway.rollouts.report import RolloutRecord, RolloutReport, rollout_records
from shipway.rollouts.state_machine import Event
from shipway.rollouts.strategy import RolloutPlan, Strategy


class LocalPlatform:
    """The commands for one environment on this machine. Each begins by mending what a killed
    command left (`EnvironmentState.replace_unhealthy`)."""

    def __init__(
        self,
        config: Config,
        name: str,
        state: str,
        processes: Processes,
        http: Http,
        clock: Clock,
        releases: Releases,
    ) -> None:
        self.environment = EnvironmentState(config, name, state, processes, http, clock, releases)
        self.name = name
        self.record = releases

    @property
    def address(self) -> str:
        """What people open."""
        return self.environment.address

    @property
    def unfinished(self) -> UnfinishedRollout | None:
        """The rollout that is not at its end."""
        return self.environment.unfinished

    @property
    def running(self) -> Sequence[Instance]:
        """Every instance."""
        return self.environment.team.members

    @property
    def proxy(self) -> EnvoyProxy:
        """The Envoy in front of them."""
        return self.environment.proxy

    def deploy(
        self,
        release: Release,
        listener: RolloutListener,
        stopping: Callable[[], bool] = lambda: False,
        remarks: Mapping[str, str] = NO_REMARKS,
    ) -> RolloutReport:
        """Roll out a release. Of the one that serves already, only what is missing or not healthy
        is started. remarks: kept with the rollout.

        A rollout that a killed command left is finished when it is of the same release, and
        undone otherwise.
        """
        with self.environment.transaction(listener):
            LocalRollout(self.environment, listener).close()
            if self.unfinished:
                same = self.unfinished.candidate.digest == release.digest
                rolling = LocalRollout(self.environment, listener)
                receipt = rolling.resume(None if same else Event.STOP)
                if same or receipt.verdict is not Verdict.ROLLED_BACK:
                    return receipt
            if self._serves(release):
                return self._restored(release, listener)
            rolling = LocalRollout(self.environment, listener, stopping)
            return rolling.start(release, rolling.rollout_plan(), remarks=remarks)

    def rollback(self, name: str, listener: RolloutListener) -> RolloutReport:
        """Go back to an earlier release: the one named, or the last that was good before; all
        at once, as soon as it is healthy. Where a rollout is not finished, undo that."""
        with self.environment.transaction(listener):
            rolling = LocalRollout(self.environment, listener)
            rolling.close()
            if self.unfinished:
                return rolling.resume(Event.STOP)
            earlier = self.earlier(name)
            if self._serves(earlier):
                return self._restored(earlier, listener)
            instances, running = (
                self.environment.settings.instances,
                len(self.environment.team.members),
            )
            plan = RolloutPlan(strategy=Strategy.BLUE_GREEN, wanted=instances, replaced=running)
            return rolling.start(earlier, plan, migrate=False)

    def resume(self, listener: RolloutListener) -> RolloutReport:
        """Go on with a rollout that was held, or that a killed command left. Raises ConfigError
        where there is none, Busy where another command works on it (which has been told)."""
        return self._answered(Signal.CONTINUE, None, listener)

    def cancel(self, listener: RolloutListener) -> RolloutReport:
        """Undo a rollout that is not finished. Raises as `resume` does."""
        return self._answered(Signal.STOP, Event.STOP, listener)

    def is_abandoned(self, number: int) -> bool:
        """Whether this rollout has not ended, and waits for nobody's answer."""
        unfinished = self.unfinished
        if unfinished is None or unfinished.number != number:
            return False
        return unfinished.execution is None or not unfinished.execution.state.held

    def take_back(self, number: int, listener: RolloutListener) -> RolloutReport | None:
        """Undo a rollout whose command was killed; None where it has come to an end, or is held.
        Raises Busy where another command works here."""
        with self.environment.transaction(listener):
            rolling = LocalRollout(self.environment, listener)
            if (report := rolling.close()) is not None:
                return report
            if not self.is_abandoned(number):
                return None
            return rolling.resume(Event.STOP, "the command that carried it out was killed")

    def down(self) -> int:
        """Stop everything; the data stay. Returns how many processes were stopped."""
        return self.environment.down()

    def status(self) -> PlatformStatus:
        """What runs here."""
        environment = self.environment
        return PlatformStatus(
            environment=self.name,
            address=self.address,
            release=environment.current.name if environment.current else "",
            proxy=environment.proxy.answers(),
            rollout=_rollout_status(self.unfinished) if self.unfinished else None,
            unrecorded=[server.pid for server in environment.unrecorded()],
            instances=[
                InstanceStatus(
                    release=instance.release,
                    address=instance.address,
                    pid=instance.pid,
                    alive=environment.instances.alive(instance),
                    health=environment.instances.health(instance) or "ok",
                )
                for instance in environment.team.members
            ],
        )

    def logs(self) -> Iterator[tuple[str, Sequence[str]]]:
        """The last lines of each instance's log."""
        for instance in self.environment.team.members:
            yield (
                f"{instance.release} at {instance.address}",
                self.environment.instances.tail(instance),
            )

    def rollouts(self, say: Callable[[str], None]) -> Sequence[RolloutRecord]:
        """All that were, newest first."""
        return self._rollouts()

    def earlier(self, name: str) -> Release:
        """The release that `rollback` goes back to. Raises ConfigError when there is none."""
        now = self.environment.current.digest if self.environment.current else ""
        releases = {release["digest"]: release for release in self.record.releases()}
        for rollout in self._rollouts():
            good = rollout.verdict == Verdict.PASSED and rollout.digest in releases
            if good and (rollout.release == name if name else rollout.digest != now):
                return RELEASE.from_object(releases[rollout.digest], "the record")
        raise ConfigError(
            f"no good release named {name!r} is on record here"
            if name
            else "there is no earlier good release to roll back to",
            f"See what was: {command_line('status', self.name, '--history')}.",
            code="no-earlier-release",
        )

    def since(self, release: Release) -> list[Release]:
        """The releases that were rolled out after it was last: they may have migrated.

        Raises CannotRun where the record has nothing of one any more: nobody knows what it did.
        """
        releases = {stored["digest"]: stored for stored in self.record.releases()}
        later = takewhile(lambda rollout: rollout.digest != release.digest, self._rollouts())
        names = {rollout.digest: rollout.release for rollout in later}
        for digest, name in names.items():
            if digest not in releases:
                raise not_on_record(name)
        return [RELEASE.from_object(releases[digest], "the record") for digest in names]

    @property
    def serves(self) -> Release | None:
        """The release that is there for everybody; None before the first."""
        return self.environment.current

    def _rollouts(self) -> list[RolloutRecord]:
        return rollout_records(self.record.rollouts(self.name), f"the record, {self.name}")

    def _serves(self, release: Release) -> bool:
        """Whether it serves everybody. A rollout of it would take what runs for what is new."""
        current = self.environment.current
        return current is not None and current.digest == release.digest

    def _restored(self, release: Release, listener: RolloutListener) -> RolloutReport:
        """Of the release that serves: what is missing of it, or not healthy, is started anew."""
        environment = self.environment
        started = environment.clock.now()
        if environment.healthy():
            listener.on_message(f"{release.name} runs already")
        else:
            environment.restore_instances(release, listener)
        return RolloutReport(
            environment=self.name,
            release=release.name,
            before=release.name,
            verdict=Verdict.PASSED,
            started=started,
            seconds=environment.clock.now() - started,
            address=self.address,
        )

    def _answered(
        self, answer: Signal, observation: Event | None, listener: RolloutListener
    ) -> RolloutReport:
        if not self.unfinished:
            raise ConfigError(
                f"no rollout is unfinished in {self.name}",
                f"See what was: {command_line('status', self.name, '--history')}.",
                code="rollout-in-progress",
            )
        try:
            with self.environment.transaction(listener):
                rolling = LocalRollout(self.environment, listener)
                return rolling.close() or rolling.resume(observation)
        except Busy:
            self.environment.lease.send(answer)
            raise Busy(
                f"another command is carrying it out, and has been told to {answer}",
                f"Watch it there, or ask: {command_line('status', self.name)}.",
                code="rollout-in-progress",
            ) from None


def _rollout_status(unfinished: UnfinishedRollout) -> RolloutStatus:
    state = unfinished.execution.state if unfinished.execution else None
    return RolloutStatus(
        release=unfinished.candidate.name,
        stage=str(state.stage) if state else "PENDING",
        weight=state.weight if state else 0.0,
        held=state.held if state else False,
    )
