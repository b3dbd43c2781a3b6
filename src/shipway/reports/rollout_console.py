"""What a rollout that goes on has shown so far, and how that reads. Pure."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TextIO

from shipway.codec import JsonObject
from shipway.reports.console import write_line
from shipway.reports.console_lines import ConsoleLine, Style
from shipway.reports.figures import format_duration, format_figure, style_of
from shipway.reports.rollout_samples import ReleaseTraffic, chart_samples, finite_number
from shipway.reports.sanitize import log_line, one_line
from shipway.rollouts.delivery import DeliveryMetrics
from shipway.rollouts.report import JudgementRow, TrafficRow

BAR = 40  # characters
_LONGEST_NAME = 40
_MOST_RELEASES = 4
_NO_TIME = " " * 9
_TONES = {"good": Style.GOOD, "bad": Style.BAD, "unsure": Style.UNSURE, "quiet": Style.QUIET}
_TONES_OF_STAGES = {
    "SUCCEEDED": Style.GOOD,
    "ROLLING_BACK": Style.BAD,
    "ROLLED_BACK": Style.BAD,
    "NEEDS_PERSON": Style.BAD,
}


@dataclass(kw_only=True)
class RolloutView:
    """What has been told so far.

    release: the new release's name, "" where it is not known. weight: per cent of the traffic
    that it gets. got: release → what it got since the start; p95 is of the last sample.
    """

    release: str = ""
    stage: str = ""
    text: str = ""
    weight: float | None = None
    got: dict[str, ReleaseTraffic] = field(default_factory=dict)
    sentence: str = ""
    _began: float | None = None
    _told: tuple[str, str] = ("", "")
    _decided: str = ""

    def on_stage(self, at: float, stage: str, text: str) -> ConsoleLine | None:
        """The line of a stage, or of its next action; None where that was told already."""
        self.stage, self.text = one_line(stage), one_line(text)
        if (self.stage, self.text) == self._told:
            return None
        self._told = (self.stage, self.text)
        so_far = f"  ({self.counts()})" if self.got else ""
        line = f"{self._time(at)}  {self.stage:<24}  {self.text}{so_far}".rstrip()
        return ConsoleLine(line, _TONES_OF_STAGES.get(self.stage, Style.PLAIN))

    def on_sample(self, sample: TrafficRow) -> None:
        """Add it up."""
        for read in chart_samples([sample], 0.0):
            self.weight = self.weight if read.weight is None else read.weight
            for name, new in read.releases.items():
                old = self.got.get(name, ReleaseTraffic())
                requests, failed = old.requests + new.requests, old.failed + new.failed
                self.got[name] = ReleaseTraffic(requests, failed, new.p95)

    def on_judgement(self, evidence: JudgementRow) -> ConsoleLine | None:
        """The line of what the judge says; None where its decision is the one before."""
        decision = one_line(format_figure(evidence.get("decision")))
        sentence = one_line(format_figure(evidence.get("sentence")))
        judgement = ": ".join(part for part in (decision, sentence) if part)
        known = judgement in ("", self.sentence) or (decision and decision == self._decided)
        self.sentence, self._decided = judgement or self.sentence, decision
        if known:
            return None
        tone = _TONES[style_of(decision)]
        return ConsoleLine(f"{self._time(evidence.get('at'))}  judge: {judgement}", tone)

    def counts(self) -> str:
        """`1,240 requests, 0 failed`: of all releases, so far."""
        requests = sum(got.requests for got in self.got.values())
        failed = sum(got.failed for got in self.got.values())
        return f"{format_figure(requests)} requests, {format_figure(failed)} failed"

    def rows(self, bar: str) -> Iterator[str]:
        """What a terminal shows now. bar: a full and an empty character."""
        yield f"stage    {self.stage}  {self.text}".rstrip()
        if self.weight is not None:
            full = round(self.weight / 100 * BAR)
            yield (
                f"traffic  {bar[0] * full}{bar[1] * (BAR - full)}  "
                f"{format_figure(self.weight)} % new"
            )
        shown = list(self.got)[-_MOST_RELEASES:]
        width = max((len(self._name(name)) for name in shown), default=0)
        for name in shown:
            got = self.got[name]
            slow = "" if got.p95 is None else f"  p95 {format_figure(got.p95)} ms"
            yield (
                f"{'new' if name == self.release else '':<7}  {self._name(name):<{width}}"
                f" {format_figure(got.requests):>10} requests {format_figure(got.failed):>7} "
                f"failed{slow}"
            )
        if self.sentence:
            yield f"judge    {self.sentence}"

    def _name(self, name: str) -> str:
        return one_line(name, _LONGEST_NAME)

    def _time(self, at: Any) -> str:
        """Seconds since the first thing that was told."""
        moment = finite_number(at)
        if moment is None:
            return _NO_TIME
        self._began = moment if self._began is None else self._began
        return f"{moment - self._began:+7.1f} s"


# A rollout while it goes on, for CI, files and pipes: a line for what changes, no colour.


class PlainRollout:
    """Writes a line when the stage or its action changes, and when the judge changes its mind.

    Samples have no line of their own: each line of a stage says what was counted until then.
    release: the new release's name, where it is known.
    """

    def __init__(self, stream: TextIO, release: str = "") -> None:
        self._stream = stream
        self._view = RolloutView(release=release)
        self._lock = threading.Lock()

    def on_stage(self, at: float, stage: str, text: str) -> None:
        """One line, with the time since the first."""
        with self._lock:
            self._show(self._view.on_stage(at, stage, text))

    def on_sample(self, sample: TrafficRow) -> None:
        """Counted for the next line."""
        with self._lock:
            self._view.on_sample(sample)

    def on_judgement(self, evidence: JudgementRow) -> None:
        """One line."""
        with self._lock:
            self._show(self._view.on_judgement(evidence))

    def on_message(self, line: str) -> None:
        """The line, set in as far as the others' words."""
        with self._lock:
            self._show(ConsoleLine(f"{'':<11}{log_line(line)}", Style.QUIET))

    def close(self) -> None:
        """Nothing is held."""

    def _show(self, line: ConsoleLine | None) -> None:
        if line is not None:
            self._put(self._paint(line.text, line.tone) + "\n")

    def _paint(self, text: str, tone: Style) -> str:
        """The text as this console shows a tone: here, all alike."""
        return text

    def _put(self, text: str) -> None:
        write_line(self._stream, text)


# The rollouts of an environment as a table for the terminal. Pure.

_HEADS = ("No.", "who", "what", "when (UTC)", "took", "strategy", "verdict", "requests", "failed")
_NUMBERS = ("No.", "took", "requests", "failed")
_LONGEST = 30  # characters of a cell; a cause has a line of its own
_NOTHING = "–"


def history_table(rollouts: Sequence[JsonObject]) -> list[str]:
    """The lines: heads, then a rollout a line in the order given, its cause below it.

    rollouts: as the record has them, receipts with a `number`; `by` is who began it. Whatever is
    missing, as in a rollout that is not finished, is a dash. What there was before a release is
    the last one below it that passed. Empty where there are none.
    """
    if not rollouts:
        return []
    rows = [_HEADS, *(_cells(rollout) for rollout in rollouts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = [_line(_HEADS, widths)]
    for rollout, cells in zip(rollouts, rows[1:], strict=True):
        lines.append(_line(cells, widths))
        if rollout.get("cause"):
            lines.append(f"{'':<{widths[0]}}  why: {one_line(format_figure(rollout['cause']))}")
        lines += [f"{'':<{widths[0]}}  {one_line(text)}" for text in _asides(rollout)]
    return lines


def delivery_lines(metrics: DeliveryMetrics) -> list[str]:
    """DORA's four keys, a line each, with how many rollouts each figure is of."""
    rate, lead, recovery = metrics.failure_rate, metrics.lead_time, metrics.recovery_time
    known = (
        ("deployments", f"{metrics.per_week:.1f} a week ({metrics.deployments} good ones)"),
        ("lead time", _known(lead and f"{format_span(lead)} from commit to users, the median")),
        (
            "change failures",
            "nothing was deployed"
            if rate is None
            else f"{rate:.0f} % ({metrics.failed} of {metrics.attempts})",
        ),
        ("time to restore", _known(recovery and f"{format_span(recovery)}, the median")),
    )
    heading = f"Delivery in the last {metrics.days:g} days:"
    return ["", heading, *(f"  {name:<16} {text}" for name, text in known)]


def _known(text: str | float | None) -> str:
    return str(text) if text else "not known"


def format_span(seconds: float) -> str:
    """`40 s`, `12 min`, `5.2 h`, `3.1 days`."""
    for size, unit in ((86_400.0, "days"), (3_600.0, "h")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _asides(rollout: JsonObject) -> Iterator[str]:
    """What else is to be known of a rollout: where it came from, who was not told of it."""
    if rollout.get("kind") == "rollback":
        yield "went back to a release that had served before"
    if rollout.get("promoted"):
        yield f"promoted from {format_figure(rollout['promoted'])}"
    if rollout.get("without_verdict"):
        yield f"without a verdict: {format_figure(rollout['without_verdict'])}"
    for notice in _dicts(rollout.get("notices")):
        if notice.get("problem"):
            yield (
                f"not told of {notice.get('event')!r}: {notice.get('channel')}: {notice['problem']}"
            )


def _dicts(rows: Any) -> Iterator[JsonObject]:
    """Those that are what they should be: a record may hold anything."""
    yield from (row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict))


def _cells(rollout: JsonObject) -> tuple[str, ...]:
    seconds = finite_number(rollout.get("seconds"))
    cells = (
        f"#{rollout['number']}" if "number" in rollout else "",
        format_figure(rollout.get("by")),
        format_figure(rollout.get("release")),
        _when(rollout.get("started")),
        "" if seconds is None else format_duration(seconds),
        format_figure(rollout.get("strategy")),
        format_figure(rollout.get("verdict")),
        format_figure(rollout.get("requests")),
        format_figure(rollout.get("failed")),
    )
    return tuple(one_line(cell, _LONGEST).strip() or _NOTHING for cell in cells)


def _when(started: Any) -> str:
    moment = finite_number(started)
    try:
        return datetime.fromtimestamp(moment or 0, UTC).strftime("%Y-%m-%d %H:%M") if moment else ""
    except (ValueError, OverflowError, OSError):
        return ""


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        f"{cell:>{width}}" if head in _NUMBERS else f"{cell:<{width}}"
        for head, cell, width in zip(_HEADS, cells, widths, strict=True)
    )
    return "  ".join(padded).rstrip()
