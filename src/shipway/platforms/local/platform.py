"""This machine as a platform: releases as processes or containers behind Envoy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from shipway.core.command_line import command_line
from shipway.core.config import Config
from shipway.core.errors import Busy, ConfigError
from shipway.core.outcome import Verdict
from shipway.core.platform import NO_REMARKS
from shipway.core.ports import Clock, Http, Processes, Releases
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.rollout import Observation
from shipway.core.strategy import Plan, Strategy
from shipway.core.watching import RolloutListener
from shipway.platforms.local.instances import Instance
from shipway.platforms.local.lease import Answer
from shipway.platforms.local.proxy import Proxy
from shipway.platforms.local.rolling import Rolling
from shipway.platforms.local.site import Site, release_of


class LocalPlatform:
    """The commands for one environment on this machine. Each begins by mending what a killed
    command left (`Site.heal`)."""

    def __init__(
        self, config: Config, name: str, state: str, processes: Processes, http: Http,
        clock: Clock, releases: Releases,
    ) -> None:  # fmt: skip
        self.site = Site(config, name, state, processes, http, clock, releases)
        self.name = name
        self.record = releases

    @property
    def address(self) -> str:
        """What people open."""
        return self.site.address

    @property
    def unfinished(self) -> dict[str, Any] | None:
        """The rollout that is not at its end."""
        return self.site.unfinished

    @property
    def running(self) -> Sequence[Instance]:
        """Every instance."""
        return self.site.team.members

    @property
    def proxy(self) -> Proxy:
        """The Envoy in front of them."""
        return self.site.proxy

    def deploy(
        self, release: Release, listener: RolloutListener,
        stopping: Callable[[], bool] = lambda: False, remarks: Mapping[str, str] = NO_REMARKS,
    ) -> Receipt:  # fmt: skip
        """Roll out a release; one that runs and is healthy already is left as it is. remarks:
        kept with the rollout.

        A rollout that a killed command left is finished when it is of the same release, and
        undone otherwise.
        """
        with self.site.working(listener):
            Rolling(self.site, listener).close()
            if self.unfinished:
                same = self.unfinished["release"]["digest"] == release.digest
                rolling = Rolling(self.site, listener)
                receipt = rolling.go_on(None if same else Observation.STOP)
                if same or receipt.verdict is not Verdict.ROLLED_BACK:
                    return receipt
            if self._runs_already(release):
                listener.said(f"{release.name} runs already")
                now = self.site.clock.now()
                return Receipt(
                    self.name, release.name, release.name, Verdict.PASSED, now, 0.0, self.address
                )
            rolling = Rolling(self.site, listener, stopping)
            return rolling.begin(release, rolling.plan(), remarks=remarks)

    def rollback(self, name: str, listener: RolloutListener) -> Receipt:
        """Go back to an earlier release: the one named, or the last that was good before; all
        at once, as soon as it is healthy. Where a rollout is not finished, undo that."""
        with self.site.working(listener):
            rolling = Rolling(self.site, listener)
            rolling.close()
            if self.unfinished:
                return rolling.go_on(Observation.STOP)
            instances, running = self.site.settings.instances, len(self.site.team.members)
            plan = Plan(Strategy.BLUE_GREEN, instances, running)
            return rolling.begin(self.earlier(name), plan, migrate=False)

    def resume(self, listener: RolloutListener) -> Receipt:
        """Go on with a rollout that was held, or that a killed command left. Raises ConfigError
        where there is none, Busy where another command works on it (which has been told)."""
        return self._answered(Answer.CONTINUE, None, listener)

    def cancel(self, listener: RolloutListener) -> Receipt:
        """Undo a rollout that is not finished. Raises as `resume` does."""
        return self._answered(Answer.STOP, Observation.STOP, listener)

    def down(self) -> int:
        """Stop everything; the data stay. Returns how many processes were stopped."""
        return self.site.down()

    def status(self) -> dict[str, Any]:
        """What runs here."""
        site, unfinished = self.site, self.unfinished or {}
        walk = unfinished.get("walk", {}).get("state", {})
        return {
            "environment": self.name,
            "address": self.address,
            "release": site.current["name"] if site.current else "",
            "proxy": site.proxy.alive(),
            "rollout": {
                "release": unfinished["release"]["name"],
                "stage": walk.get("stage", "PENDING"),
                "weight": walk.get("weight", 0.0),
                "held": walk.get("held", False),
            } if unfinished else None,
            "instances": [
                {
                    "release": one.release, "address": one.address, "pid": one.pid,
                    "alive": site.instances.alive(one),
                    "health": site.instances.health(one) or "ok",
                }
                for one in site.team.members
            ],
        }  # fmt: skip

    def logs(self) -> Iterator[tuple[str, Sequence[str]]]:
        """The last lines of each instance's log."""
        for one in self.site.team.members:
            yield f"{one.release} at {one.address}", self.site.instances.tail(one)

    def rollouts(self, say: Callable[[str], None]) -> Sequence[Mapping[str, Any]]:
        """All that were, newest first."""
        return self.record.rollouts(self.name)

    def earlier(self, name: str) -> Release:
        """The release that `rollback` goes back to. Raises ConfigError when there is none."""
        now = self.site.current["digest"] if self.site.current else ""
        known = {one["digest"]: one for one in self.record.releases()}
        for rollout in self.record.rollouts(self.name):
            digest = rollout.get("digest")
            good = rollout.get("verdict") == Verdict.PASSED and digest in known
            if good and (rollout["release"] == name if name else digest != now):
                return release_of(known[digest])
        raise ConfigError(
            f"no good release named {name!r} is on record here" if name
            else "there is no earlier good release to roll back to",
            f"See what was: {command_line('status', self.name, '--history')}.",
        )  # fmt: skip

    def since(self, release: Release) -> list[Release]:
        """The releases that were rolled out after it was last: they may have migrated."""
        known = {one["digest"]: one for one in self.record.releases()}
        later = takewhile(
            lambda digest: digest != release.digest,
            (one.get("digest") for one in self.record.rollouts(self.name)),
        )
        return [release_of(known[digest]) for digest in dict.fromkeys(later) if digest in known]

    @property
    def serves(self) -> Release | None:
        """The release that is there for everybody; None before the first."""
        return release_of(self.site.current) if self.site.current else None

    def _runs_already(self, release: Release) -> bool:
        current = self.site.current
        return bool(current and current["digest"] == release.digest and self.site.healthy())

    def _answered(
        self, answer: Answer, observation: Observation | None, listener: RolloutListener
    ) -> Receipt:
        if not self.unfinished:
            raise ConfigError(
                f"no rollout is unfinished in {self.name}",
                f"See what was: {command_line('status', self.name, '--history')}.",
            )
        try:
            with self.site.working(listener):
                rolling = Rolling(self.site, listener)
                return rolling.close() or rolling.go_on(observation)
        except Busy:
            self.site.lease.leave(answer)
            raise Busy(
                f"another command is carrying it out, and has been told to {answer}",
                f"Watch it there, or ask: {command_line('status', self.name)}.",
            ) from None
