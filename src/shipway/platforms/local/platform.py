"""This machine as a platform: releases as processes behind Envoy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import takewhile
from typing import Any

from shipway.core.config import Config, Environment
from shipway.core.errors import Busy, CannotRun, ConfigError
from shipway.core.outcome import Verdict
from shipway.core.platform import NO_REMARKS
from shipway.core.ports import Clock, Http, Processes, Releases
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.rollout import Observation, Rollout, Stage, begin, rollout_from
from shipway.core.rollout_judging import Judging
from shipway.core.secrets import secret_values
from shipway.core.strategy import Plan, Strategy
from shipway.core.watching import RolloutListener
from shipway.effects.who import owner
from shipway.platforms.local.instances import Instance, Instances, cluster_of, instance_from
from shipway.platforms.local.lease import Answer, Lease
from shipway.platforms.local.meter import Meter
from shipway.platforms.local.planning import plan_of, prepare
from shipway.platforms.local.probing import Prober
from shipway.platforms.local.proxy import Proxy, Shares
from shipway.platforms.local.team import Team
from shipway.platforms.local.walk import Walk

UNFINISHED = "unfinished"
_VERDICTS = {
    Stage.SUCCEEDED: Verdict.PASSED,
    Stage.ROLLED_BACK: Verdict.ROLLED_BACK,
    Stage.NEEDS_PERSON: Verdict.NEEDS_PERSON,
}


class LocalPlatform:
    """One environment on this machine.

    Its state is written before and after every action, so that the next command finds what a
    killed one left: a rollout that is not finished, instances that nobody counts, dead ones.
    """

    def __init__(
        self, config: Config, name: str, state: str, processes: Processes, http: Http,
        clock: Clock, releases: Releases,
    ) -> None:  # fmt: skip
        if name not in config.environments:
            known = ", ".join(config.environments) or "none"
            raise ConfigError(
                f"no environment is named {name!r}", f"Configured: {known}. See shipway.toml."
            )
        self.name = name
        self.settings: Environment = config.environments[name]
        self.application = config.application
        self.folder = os.path.join(state, "environments", name)
        self.clock = clock
        self.http = http
        self.record = releases
        self.instances = Instances(
            config.application, self.settings, self.folder, processes, http, clock,
            secret_values(config, os.environ),
        )  # fmt: skip
        self.proxy = Proxy(
            os.path.join(self.folder, "envoy"), self.settings, processes, http, clock
        )
        self.lease = Lease(self.folder, name)
        self.team = Team(self.instances, (), self._save)
        self.current: dict[str, Any] | None = None
        self.unfinished: dict[str, Any] | None = None
        self._load()

    @property
    def address(self) -> str:
        """What people open."""
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def running(self) -> list[Instance]:
        """Every instance."""
        return self.team.members

    def deploy(
        self, release: Release, listener: RolloutListener,
        stopping: Callable[[], bool] = lambda: False, remarks: Mapping[str, str] = NO_REMARKS,
    ) -> Receipt:  # fmt: skip
        """Roll out a release; one that runs and is healthy already is left as it is. remarks:
        kept with the rollout.

        A rollout that a killed command left is finished when it is of the same release, and
        undone otherwise.
        """
        with self._working(listener):
            self._close(listener)
            if self.unfinished:
                same = self.unfinished["release"]["digest"] == release.digest
                receipt = self._go_on(listener, None if same else Observation.STOP)
                if same or receipt.verdict is not Verdict.ROLLED_BACK:
                    return receipt
            if self.current and self.current["digest"] == release.digest and self._healthy():
                listener.said(f"{release.name} runs already")
                now = self.clock.now()
                return Receipt(
                    self.name, release.name, release.name, Verdict.PASSED, now, 0.0, self.address
                )
            plan = plan_of(self.settings, self.settings.instances, len(self.team.members))
            return self._roll(release, plan, listener, stopping, remarks=remarks)

    def _close(self, listener: RolloutListener) -> Receipt | None:
        """The receipt of a rollout that had come to its end when its command was killed."""
        walk = (self.unfinished or {}).get("walk")
        if walk is None or not Stage(walk["state"]["stage"]).final:
            return None
        return self._go_on(listener, None)

    def rollback(self, name: str, listener: RolloutListener) -> Receipt:
        """Go back to an earlier release: the one named, or the last that was good before; all
        at once, as soon as it is healthy. Where a rollout is not finished, undo that."""
        with self._working(listener):
            self._close(listener)
            if self.unfinished:
                return self._go_on(listener, Observation.STOP)
            plan = Plan(Strategy.BLUE_GREEN, self.settings.instances, len(self.team.members))
            return self._roll(self.earlier(name), plan, listener, migrate=False)

    def resume(self, listener: RolloutListener) -> Receipt:
        """Go on with a rollout that was held, or that a killed command left. Raises ConfigError
        where there is none, Busy where another command works on it (which has been told)."""
        return self._answered(Answer.CONTINUE, None, listener)

    def cancel(self, listener: RolloutListener) -> Receipt:
        """Undo a rollout that is not finished. Raises as `resume` does."""
        return self._answered(Answer.STOP, Observation.STOP, listener)

    def down(self) -> int:
        """Stop everything; the data stay. Returns how many processes were stopped."""
        with self.lease.held():
            self._load()
            found = [one for one in self.running if self.instances.alive(one)]
            count = len(found) + self.proxy.alive()
            self.proxy.stop()
            self.proxy.shares = Shares()
            self.current = self.unfinished = None
            self.team.drop(list(self.running))
            self._save()
            return count

    def status(self) -> dict[str, Any]:
        """What runs here."""
        unfinished = self.unfinished or {}
        return {
            "environment": self.name,
            "address": self.address,
            "release": self.current["name"] if self.current else "",
            "proxy": self.proxy.alive(),
            "rollout": {
                "release": unfinished["release"]["name"],
                "stage": unfinished["walk"]["state"]["stage"],
                "weight": unfinished["walk"]["state"]["weight"],
                "held": unfinished["walk"]["state"]["held"],
            } if unfinished else None,
            "instances": [
                {
                    "release": one.release, "address": one.address, "pid": one.pid,
                    "alive": self.instances.alive(one),
                    "health": self.instances.health(one) or "ok",
                }
                for one in self.running
            ],
        }  # fmt: skip

    def logs(self) -> Iterator[tuple[str, Sequence[str]]]:
        """The last lines of each instance's log."""
        for one in self.running:
            yield f"{one.release} at {one.address}", self.instances.tail(one)

    def heal(self, listener: RolloutListener) -> None:
        """Make what runs agree with what should: see the class."""
        known = {one["digest"]: one for one in (self.current, *self._named()) if one}
        for one in [one for one in self.running if one.digest not in known]:
            listener.said(f"an instance of {one.release} is left over: stopped")
            self.team.drop([one])
        for line in self.team.revive(lambda digest: _release(known[digest])):
            listener.said(line)
        missing = self.settings.instances - len(self.running)
        if self.current and not self.unfinished and missing > 0:
            self.team.start(_release(self.current), missing, lambda: False)
            self.team.join()
        if not self.running:
            return
        shares = self._shares()
        if self.proxy.alive():
            self.proxy.serve(shares, anew=True)
        else:
            listener.said("Envoy was not running: started")
            self.proxy.shares = shares
            self.proxy.start()
        self._save()

    def _shares(self) -> Shares:
        """Who serves now: as the unfinished rollout has it, or the current release."""
        if not self.unfinished:
            return self.team.shares((), self.current["digest"] if self.current else "", 100.0)
        state = self.unfinished["walk"]["state"]
        return self.team.shares((), self.unfinished["release"]["digest"], state["weight"])

    def _named(self) -> list[dict[str, Any] | None]:
        """The releases of the unfinished rollout."""
        unfinished = self.unfinished or {}
        return [unfinished.get("release"), unfinished.get("before")]

    def _roll(
        self, release: Release, plan: Plan, listener: RolloutListener,
        stopping: Callable[[], bool] = lambda: False, *, migrate: bool = True,
        remarks: Mapping[str, str] = NO_REMARKS,
    ) -> Receipt:  # fmt: skip
        started = self.clock.now()
        before = dict(self.current) if self.current else None
        self.record.add_release({**asdict(release), "name": release.name})
        number = self.record.add_rollout(
            self.name,
            {
                "release": release.name, "before": before["name"] if before else "",
                "started": started, "verdict": UNFINISHED, "by": owner(),
                "strategy": str(plan.strategy), "digest": release.digest,
            },
        )  # fmt: skip
        self.unfinished = {
            "number": number, "started": started, "before": before, "remarks": dict(remarks),
            "release": {**asdict(release), "name": release.name},
        }  # fmt: skip
        walk = self._walk(release, begin(plan), listener, stopping)
        first = Observation.BEGIN
        try:
            if migrate:  # an older release does not know what the database has become
                prepare(self.instances, self.application, release, listener, seed=self._never_good)
        except CannotRun as problem:
            walk.story.blame(problem.message, problem.remedy)
            first = Observation.STOP
        else:
            walk.meter.begin()
        return self._finish(walk, first)

    @property
    def _never_good(self) -> bool:
        """Whether nothing was ever rolled out well here: then the data are seeded."""
        passed = Verdict.PASSED
        return all(one.get("verdict") != passed for one in self.record.rollouts(self.name))

    def _go_on(self, listener: RolloutListener, observation: Observation | None) -> Receipt:
        """With the rollout that is not finished. None: do again what had been begun."""
        found = self.unfinished or {}
        release = _release(found["release"])
        if "walk" not in found:  # killed before its first action
            observation = observation or Observation.BEGIN
            plan = plan_of(self.settings, self.settings.instances, len(self.team.members))
            return self._finish(self._walk(release, begin(plan), listener), observation)
        state = rollout_from(found["walk"]["state"])
        listener.said(f"going on with the rollout of {release.name}, left at {state.stage}")
        walk = self._walk(release, state, listener)
        walk.load(found["walk"])
        if observation is None and state.held:
            observation = Observation.DONE
        if observation is Observation.DONE:  # somebody has answered: what held it is history
            walk.story.cause = walk.story.remedy = ""
        return self._finish(walk, observation)

    def _walk(
        self, release: Release, state: Rollout, listener: RolloutListener,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Walk:  # fmt: skip
        before = self.unfinished["before"] if self.unfinished else None
        old = _release(before) if before else None
        new, other = cluster_of(release.digest), cluster_of(old.digest) if old else ""
        names = {new: release.name, **({other: old.name} if old else {})}
        walk = Walk(
            release, old, state, self.settings, self.address, self.team, self.proxy,
            Meter(self.proxy, self.clock, names), Judging(self.settings, new, other),
            Prober(self.application, self.settings, self.proxy, self.http), self.http, self.clock,
            self.lease, listener, lambda: self._keep(walk), stopping,
        )  # fmt: skip
        return walk

    def _keep(self, walk: Walk) -> None:
        if self.unfinished is not None:
            self.unfinished["walk"] = walk.to_dict()
        self._save()

    def _finish(self, walk: Walk, observation: Observation | None) -> Receipt:
        found = self.unfinished or {}
        state = walk.go(observation)
        walk.keeper.look()
        story, before = walk.story, walk.before
        receipt = Receipt(
            self.name, walk.release.name, before.name if before else "",
            _VERDICTS.get(state.stage, Verdict.NEEDS_PERSON), found["started"],
            self.clock.now() - found["started"], self.address, str(state.plan.strategy),
            "" if state.stage is Stage.SUCCEEDED else story.cause, story.remedy, story.log,
            walk.meter.totals(), tuple(story.timeline), tuple(walk.meter.samples),
            tuple(walk.judging.evidence), walk.prober.sent, walk.keeper.outages,
        )  # fmt: skip
        self.record.update_rollout(
            found["number"],
            {
                **receipt.to_dict(),
                **found.get("remarks", {}),
                "digest": walk.release.digest,
                "by": owner(),
            },
        )
        if not state.held:  # last: as long as it is unfinished, the next command comes back here
            self._settle(walk.release, state)
        return receipt

    def _settle(self, release: Release, state: Rollout) -> None:
        """What has ended: nothing else than the release that serves is left."""
        self.unfinished = None
        if state.stage is Stage.SUCCEEDED:
            self.current = {**asdict(release), "name": release.name}
        digest = self.current["digest"] if self.current else ""
        if state.stage is not Stage.NEEDS_PERSON:
            self.team.drop([one for one in self.running if one.digest != digest])
        if not self.running:
            self.proxy.stop()
            self.proxy.shares = Shares()
        self._save()

    def _answered(
        self, answer: Answer, observation: Observation | None, listener: RolloutListener
    ) -> Receipt:
        if not self.unfinished:
            raise ConfigError(
                f"no rollout is unfinished in {self.name}",
                f"See what was: shipway status {self.name} --history.",
            )
        try:
            with self._working(listener):
                return self._close(listener) or self._go_on(listener, observation)
        except Busy:
            self.lease.leave(answer)
            raise Busy(
                f"another command is carrying it out, and has been told to {answer}",
                f"Watch it there, or ask: shipway status {self.name}.",
            ) from None

    def earlier(self, name: str) -> Release:
        """The release that `rollback` goes back to. Raises ConfigError when there is none."""
        now = self.current["digest"] if self.current else ""
        known = {one["digest"]: one for one in self.record.releases()}
        for rollout in self.record.rollouts(self.name):
            digest = rollout.get("digest")
            good = rollout.get("verdict") == Verdict.PASSED and digest in known
            if good and (rollout["release"] == name if name else digest != now):
                return _release(known[digest])
        raise ConfigError(
            f"no good release named {name!r} is on record here" if name
            else "there is no earlier good release to roll back to",
            f"See what was: shipway status {self.name} --history.",
        )  # fmt: skip

    def since(self, release: Release) -> list[Release]:
        """The releases that were rolled out after it was last: they may have migrated."""
        known = {one["digest"]: one for one in self.record.releases()}
        later = takewhile(
            lambda digest: digest != release.digest,
            (one.get("digest") for one in self.record.rollouts(self.name)),
        )
        return [_release(known[digest]) for digest in dict.fromkeys(later) if digest in known]

    @property
    def serves(self) -> Release | None:
        """The release that is there for everybody; None before the first."""
        return _release(self.current) if self.current else None

    def _healthy(self) -> bool:
        return (
            len(self.running) == self.settings.instances
            and self.proxy.alive()
            and all(not self.instances.health(one) for one in self.running)
        )

    @contextmanager
    def _working(self, listener: RolloutListener) -> Iterator[None]:
        """Alone, on what is really there."""
        with self.lease.held():
            self._load()
            self.heal(listener)
            yield

    def _load(self) -> None:
        state = self.record.state(self.name) or {}
        self.team.members = [instance_from(one) for one in state.get("instances", [])]
        self.current = state.get("current")
        self.unfinished = state.get("unfinished")
        self.proxy.load(state.get("proxy", {}))

    def _save(self) -> None:
        self.record.put_state(
            self.name,
            {
                "instances": [one.to_dict() for one in self.running],
                "current": self.current,
                "unfinished": self.unfinished,
                "proxy": self.proxy.to_dict(),
            },
        )


def _release(data: dict[str, Any]) -> Release:
    fields = {name: value for name, value in data.items() if name != "name"}
    return Release(**{**fields, "migrations": tuple(fields["migrations"])})
