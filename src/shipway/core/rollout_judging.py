"""Hands what was counted to the judge, and remembers what it said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shipway.core import judge
from shipway.core.config import Environment
from shipway.core.judge import Counts, Decision, Judgement, JudgeState, Window
from shipway.core.sampling import Sample, scaled

PAST = 1000  # requests that the time before a rollout counts for


class Judging:
    """One rollout before the judge. evidence: as receipts have it, where it changed."""

    def __init__(self, settings: Environment, new: str, old: str) -> None:
        self._new = new
        self._old = old
        self._state = judge.begin(replace(settings.judge, sticky=settings.sticky))
        self._on = settings.judged
        self.last: Judgement | None = None
        self.evidence: list[dict[str, Any]] = []

    def recall(self, past: Mapping[str, Counts]) -> None:
        """What both answered before the rollout, by their keys; the old one's says what is usual.

        A part of it only: what comes from now on is to count more.
        """
        if self._on and self._old in past:
            self._state = judge.recall(self._state, scaled(past[self._old], PAST))

    def take(self, sample: Sample, weight: float) -> Mapping[str, Any] | None:
        """Judge a sample; what was said, where the decision is another than before.

        weight: percent for the new release. Before it has any, the judge learns what is usual.
        """
        new, old = (sample.counts.get(name, Counts()) for name in (self._new, self._old))
        if not self._on:
            return None
        if not weight and not new.requests:
            if old.requests:
                self._state = judge.learn(self._state, sample.seconds, old)
            return None
        self._state, judged = judge.watch(
            self._state, Window(sample.seconds, new, old, weight >= 100)
        )
        changed = self.last is None or judged.decision is not self.last.decision
        self.last = judged
        if not changed:
            return None
        said = {"at": sample.at, "decision": str(judged.decision), "sentence": judged.sentence}
        self.evidence.append(said)
        return said

    @property
    def decision(self) -> Decision:
        """What it said last."""
        return self.last.decision if self.last else Decision.WATCH

    @property
    def doubts(self) -> bool:
        """Whether what was seen so far speaks against the release, though not enough."""
        return self.last is not None and self.last.evidence >= judge.DOUBT

    @property
    def sentence(self) -> str:
        """Why."""
        return self.last.sentence if self.last else "nothing was judged"

    def to_dict(self) -> dict[str, Any]:
        """For the record."""
        return {"state": self._state.to_dict(), "evidence": self.evidence}

    def load(self, data: Mapping[str, Any]) -> None:
        """What `to_dict` gave."""
        self._state = JudgeState.from_dict(data["state"])
        self.evidence = list(data["evidence"])
