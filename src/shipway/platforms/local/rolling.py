"""One rollout from its first action to its receipt, or from where a killed command left it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shipway.core.errors import CannotRun
from shipway.core.outcome import Verdict
from shipway.core.platform import NO_REMARKS
from shipway.core.receipt import Receipt
from shipway.core.release import Release
from shipway.core.rollout import Observation, Rollout, Stage, begin, rollout_from
from shipway.core.rollout_judging import Judging
from shipway.core.strategy import Plan
from shipway.core.watching import RolloutListener
from shipway.effects.who import owner
from shipway.platforms.local.instances import cluster_of
from shipway.platforms.local.meter import Meter
from shipway.platforms.local.planning import plan_of, prepare
from shipway.platforms.local.probing import Prober
from shipway.platforms.local.site import Site, recorded, release_of
from shipway.platforms.local.walk import Walk

UNFINISHED = "unfinished"
_VERDICTS = {
    Stage.SUCCEEDED: Verdict.PASSED,
    Stage.ROLLED_BACK: Verdict.ROLLED_BACK,
    Stage.NEEDS_PERSON: Verdict.NEEDS_PERSON,
}


class Rolling:
    """Changes what a site serves; the site is held by the caller."""

    def __init__(
        self, site: Site, listener: RolloutListener, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self._site = site
        self._listener = listener
        self._stopping = stopping

    def begin(
        self, release: Release, plan: Plan, *, migrate: bool = True,
        remarks: Mapping[str, str] = NO_REMARKS,
    ) -> Receipt:  # fmt: skip
        """To another release, as planned. migrate: an older one does not know what the database
        has become. remarks: kept with the rollout."""
        site = self._site
        started = site.clock.now()
        before = dict(site.current) if site.current else None
        site.record.add_release(recorded(release))
        number = site.record.add_rollout(
            site.name,
            {
                "release": release.name, "before": before["name"] if before else "",
                "started": started, "verdict": UNFINISHED, "by": owner(),
                "strategy": str(plan.strategy), "digest": release.digest,
            },
        )  # fmt: skip
        site.unfinished = {
            "number": number, "started": started, "before": before, "release": recorded(release),
            "remarks": dict(remarks),
        }  # fmt: skip
        walk = self._walk(release, begin(plan))
        first = Observation.BEGIN
        try:
            if migrate:
                prepare(site.instances, site.application, release, self._listener,
                        seed=self._never_good)  # fmt: skip
        except CannotRun as problem:
            walk.story.blame(problem.message, problem.remedy)
            first = Observation.STOP
        else:
            walk.judging.recall(walk.meter.begin())
        return self._finish(walk, first)

    def go_on(self, observation: Observation | None) -> Receipt:
        """With the rollout that is not finished. None: do again what had been begun."""
        found = self._site.unfinished or {}
        release = release_of(found["release"])
        if "walk" not in found:  # killed before its first action
            plan = self.plan()
            return self._finish(self._walk(release, begin(plan)), observation or Observation.BEGIN)
        state = rollout_from(found["walk"]["state"])
        self._listener.said(f"going on with the rollout of {release.name}, left at {state.stage}")
        walk = self._walk(release, state)
        walk.load(found["walk"])
        if observation is None and state.held:
            observation = Observation.DONE
        if observation is Observation.DONE:  # somebody has answered: what held it is history
            walk.story.cause = walk.story.remedy = ""
        return self._finish(walk, observation)

    def close(self) -> Receipt | None:
        """The receipt of a rollout that had come to its end when its command was killed."""
        walk = (self._site.unfinished or {}).get("walk")
        if walk is None or not Stage(walk["state"]["stage"]).final:
            return None
        return self.go_on(None)

    def plan(self) -> Plan:
        """As configured, for what runs now."""
        site = self._site
        return plan_of(site.settings, site.settings.instances, len(site.team.members))

    @property
    def _never_good(self) -> bool:
        """Whether nothing was ever rolled out well here: then the data are seeded."""
        rollouts = self._site.record.rollouts(self._site.name)
        return all(one.get("verdict") != Verdict.PASSED for one in rollouts)

    def _walk(self, release: Release, state: Rollout) -> Walk:
        site = self._site
        before = site.unfinished["before"] if site.unfinished else None
        old = release_of(before) if before else None
        new, other = cluster_of(release.digest), cluster_of(old.digest) if old else ""
        names = {new: release.name, **({other: old.name} if old else {})}
        walk = Walk(
            release, old, state, site.name, site.settings, site.address, site.team, site.proxy,
            Meter(site.proxy, site.clock, names), Judging(site.settings, new, other),
            Prober(site.application, site.settings, site.proxy, site.http), site.http, site.clock,
            site.lease, self._listener, lambda: self._keep(walk), self._stopping,
        )  # fmt: skip
        return walk

    def _keep(self, walk: Walk) -> None:
        if self._site.unfinished is not None:
            self._site.unfinished["walk"] = walk.to_dict()
        self._site.save()

    def _finish(self, walk: Walk, observation: Observation | None) -> Receipt:
        site = self._site
        found = site.unfinished or {}
        state = walk.go(observation)
        walk.keeper.look()
        receipt = self._receipt(walk, state, found)
        site.record.update_rollout(
            found["number"],
            {
                **receipt.to_dict(),
                **found.get("remarks", {}),
                "digest": walk.release.digest,
                "by": owner(),
            },
        )
        if not state.held:  # last: as long as it is unfinished, the next command comes back here
            site.settle(
                walk.release, succeeded=state.stage is Stage.SUCCEEDED,
                tidy=state.stage is not Stage.NEEDS_PERSON,
            )  # fmt: skip
        return receipt

    def _receipt(self, walk: Walk, state: Rollout, found: dict[str, Any]) -> Receipt:
        site, story, before = self._site, walk.story, walk.before
        return Receipt(
            site.name, walk.release.name, before.name if before else "",
            _VERDICTS.get(state.stage, Verdict.NEEDS_PERSON), found["started"],
            site.clock.now() - found["started"], site.address, str(state.plan.strategy),
            "" if state.stage is Stage.SUCCEEDED else story.cause, story.remedy, story.log,
            walk.meter.totals(), tuple(story.timeline), tuple(walk.meter.samples),
            tuple(walk.judging.evidence), walk.prober.sent, walk.keeper.outages,
        )  # fmt: skip
