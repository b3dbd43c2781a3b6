"""What a rollout that goes on has shown so far, and how that reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shipway.outputs.clean import one_line
from shipway.outputs.decisions import tone_of
from shipway.outputs.figures import figure
from shipway.outputs.rollout_samples import Got, finite, samples
from shipway.outputs.summary import Line, Tone

BAR = 40  # characters
_LONGEST_NAME = 40
_MOST_RELEASES = 4
_NO_TIME = " " * 9
_TONES = {"good": Tone.GOOD, "bad": Tone.BAD, "unsure": Tone.UNSURE, "quiet": Tone.QUIET}
_TONES_OF_STAGES = {"SUCCEEDED": Tone.GOOD, "ROLLING_BACK": Tone.BAD, "ROLLED_BACK": Tone.BAD,
                    "NEEDS_PERSON": Tone.BAD}  # fmt: skip


@dataclass
class RolloutView:
    """What has been told so far.

    release: the new release's name, "" where it is not known. weight: per cent of the traffic
    that it gets. got: release → what it got since the start; p95 is of the last sample.
    """

    release: str = ""
    stage: str = ""
    text: str = ""
    weight: float | None = None
    got: dict[str, Got] = field(default_factory=dict)
    sentence: str = ""
    _began: float | None = None
    _told: tuple[str, str] = ("", "")

    def staged(self, at: float, stage: str, text: str) -> Line | None:
        """The line of a stage, or of its next action; None where that was told already."""
        self.stage, self.text = one_line(stage), one_line(text)
        if (self.stage, self.text) == self._told:
            return None
        self._told = (self.stage, self.text)
        so_far = f"  ({self.counts()})" if self.got else ""
        words = f"{self._time(at)}  {self.stage:<24}  {self.text}{so_far}".rstrip()
        return Line(words, _TONES_OF_STAGES.get(self.stage, Tone.PLAIN))

    def sampled(self, sample: Mapping[str, Any]) -> None:
        """Add it up."""
        for read in samples([sample], 0.0):
            self.weight = self.weight if read.weight is None else read.weight
            for name, new in read.releases.items():
                old = self.got.get(name, Got())
                requests, failed = old.requests + new.requests, old.failed + new.failed
                self.got[name] = Got(requests, failed, new.p95)

    def judged(self, evidence: Mapping[str, Any]) -> Line | None:
        """The line of what the judge says; None where it says nothing new."""
        decision = one_line(figure(evidence.get("decision")))
        sentence = one_line(figure(evidence.get("sentence")))
        said = ": ".join(part for part in (decision, sentence) if part)
        if said in ("", self.sentence):
            return None
        self.sentence = said
        tone = _TONES[tone_of(decision)]
        return Line(f"{self._time(evidence.get('at'))}  judge: {said}", tone)

    def counts(self) -> str:
        """`1,240 requests, 0 failed`: of all releases, so far."""
        requests = sum(one.requests for one in self.got.values())
        failed = sum(one.failed for one in self.got.values())
        return f"{figure(requests)} requests, {figure(failed)} failed"

    def rows(self, bar: str) -> Iterator[str]:
        """What a terminal shows now. bar: a full and an empty character."""
        yield f"stage    {self.stage}  {self.text}".rstrip()
        if self.weight is not None:
            full = round(self.weight / 100 * BAR)
            yield f"traffic  {bar[0] * full}{bar[1] * (BAR - full)}  {figure(self.weight)} % new"
        shown = list(self.got)[-_MOST_RELEASES:]
        width = max((len(self._name(name)) for name in shown), default=0)
        for name in shown:
            got = self.got[name]
            slow = "" if got.p95 is None else f"  p95 {figure(got.p95)} ms"
            yield (
                f"{'new' if name == self.release else '':<7}  {self._name(name):<{width}}"
                f" {figure(got.requests):>10} requests {figure(got.failed):>7} failed{slow}"
            )
        if self.sentence:
            yield f"judge    {self.sentence}"

    def _name(self, name: str) -> str:
        return one_line(name, _LONGEST_NAME)

    def _time(self, at: Any) -> str:
        """Seconds since the first thing that was told."""
        moment = finite(at)
        if moment is None:
            return _NO_TIME
        self._began = moment if self._began is None else self._began
        return f"{moment - self._began:+7.1f} s"
