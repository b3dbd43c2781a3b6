"""Counts what both releases get while a deployment goes on, and has it judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shipway.core.config import Environment
from shipway.core.judge import Decision
from shipway.core.rollout_judging import Judging
from shipway.core.sampling import Sample
from shipway.core.watching import RolloutListener
from shipway.effects.aws_errors import Refused
from shipway.platforms.ecs.balancer import Source
from shipway.platforms.ecs.deployment import Deployment
from shipway.platforms.ecs.metering import PERIOD, Meter
from shipway.platforms.ecs.parts import Parts

NEW, OLD, BOTH = "new", "old", "both"
TOGETHER = "both releases"
STALE = 3.0 * PERIOD  # one minute without a request is one empty figure: too few to hold for
_UNJUDGED = (
    "rolling puts both releases into one target group: circuit breaker and alarms guard it, "
    "nothing is judged"
)


class Observing:
    """release, before: names. Without sources (see `find`) nothing is counted."""

    def __init__(
        self, parts: Parts, settings: Environment, release: str, before: str,
        listener: RolloutListener,
    ) -> None:  # fmt: skip
        self._parts = parts
        self._settings = settings
        self._names = {NEW: release, OLD: before or "before", BOTH: TOGETHER}
        self._listener = listener
        judge = replace(settings.judge, stale=max(settings.judge.stale, STALE))
        self.judging = Judging(replace(settings, judge=judge), NEW, OLD)
        self.meter = Meter(parts.calls, parts.clock, {}, self._names)
        self.judged = False
        self.promoted = False
        self._found = False
        self._loaded: Mapping[str, Any] | None = None
        self._refused: set[str] = set()
        self._weights: list[tuple[float, float]] = []

    def look(self, seen: Deployment, weight: float) -> None:
        """Count what is new, and tell the judge. Without the right to read metrics nothing is
        judged: a person decides then. Raises Lost."""
        now = self._parts.clock.now()
        if not self._weights or self._weights[-1][1] != weight:
            self._weights.append((now, weight))
        try:
            if not self._found:
                self._find(seen)
            for sample in self.meter.read(self._own):
                self._take(sample)
        except Refused as problem:
            self.judged = False
            if problem.message not in self._refused:
                self._refused.add(problem.message)
                self._listener.said(f"nothing can be judged: {problem.message}")

    def _take(self, sample: Sample) -> None:
        """One minute."""
        at = self._weight_at(sample.at)
        if self.meter.samples and self.meter.samples[-1]["at"] == sample.at:
            self.meter.samples[-1]["weight"] = at
            self._listener.sampled(self.meter.samples[-1])
        if self.judged and (said := self.judging.take(sample, at)):
            self._listener.judged(said)
            self.promoted = self.promoted or self.judging.decision is Decision.PROMOTE

    def _own(self, key: str, at: float) -> bool:
        """Whether what a release's target group got in the minute until `at` is its own: before
        the new release has any traffic, that is an earlier one's."""
        return key != NEW or self._weight_at(at) > 0

    def _weight_at(self, moment: float) -> float:
        """Percent for the new release at a moment."""
        return next((weight for at, weight in reversed(self._weights) if at < moment), 0.0)

    def _find(self, seen: Deployment) -> None:
        """Where the metrics of both releases are, as soon as ECS has said which target group
        serves which."""
        sources = self._sources(seen)
        if not sources:
            return
        self._found = True
        self.judged = NEW in sources and self._settings.judged
        self.meter = Meter(self._parts.calls, self._parts.clock, sources, self._names)
        if self._loaded:
            self.meter.load(self._loaded)
        elif BOTH in sources:
            said = {"at": self._parts.clock.now(), "decision": "not judged", "sentence": _UNJUDGED}
            self.judging.evidence.append(said)
            self._listener.judged(said)

    def _sources(self, seen: Deployment) -> dict[str, Source]:
        namespace = self._settings.ecs.metrics_namespace
        if self._settings.strategy == "rolling" and namespace:
            return {key: Source(namespace, (("Release", self._names[key]),)) for key in (NEW, OLD)}
        revisions = self._parts.service.revisions([seen.target, *seen.sources])
        balancer = self._parts.balancer
        new = balancer.group_of(revisions.get(seen.target, {}))
        groups = [balancer.group_of(revisions.get(arn, {})) for arn in seen.sources]
        old = next((group for group in groups if group), "")
        if not new or (seen.sources and not old):
            return {}
        if new == old or self._settings.strategy == "rolling":
            wanted = {BOTH: new}
        else:
            wanted = {NEW: new, **({OLD: old} if old else {})}
        found = {key: balancer.source(group) for key, group in wanted.items()}
        return {key: source for key, source in found.items() if source}

    @property
    def got(self) -> int:
        """Requests of the new release since the rollout began."""
        return self.meter.got(NEW)

    def to_dict(self) -> dict[str, Any]:
        """For the record."""
        return {
            "meter": self.meter.to_dict(), "judging": self.judging.to_dict(),
            "weights": self._weights, "promoted": self.promoted,
        }  # fmt: skip

    def load(self, data: Mapping[str, Any]) -> None:
        """What `to_dict` gave."""
        self._loaded = data["meter"]
        self.meter.load(data["meter"])
        self.judging.load(data["judging"])
        self._weights = [(at, weight) for at, weight in data["weights"]]
        self.promoted = data["promoted"]
