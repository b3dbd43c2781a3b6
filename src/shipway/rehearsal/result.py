"""What a rehearsal showed: what would have happened to users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from shipway.pipeline.outcome import Verdict
from shipway.rehearsal.load import LoadResponse, LoadSummary, latency_of, summarize_load
from shipway.rollouts.report import RolloutReport

_DECIDED = ("ROLLING_BACK", "ROLLED_BACK", "SUCCEEDED", "NEEDS_PERSON")


@dataclass(frozen=True)
class RehearsalTimes:
    """When things happened, in seconds since the epoch.

    forward, forward_end: the rollout to the candidate. back, back_end: the way back, or the
    command that mends what a failed rollout left. struck: when a process was killed or a crash
    was set off; None where that is not the fault or never came to be.
    """

    forward: float
    forward_end: float
    back: float
    back_end: float
    struck: float | None = None


@dataclass(frozen=True)
class RehearsalMoment:
    """One second of the load. share: of its answers, how many the candidate gave, 0 to 1.

    p95: of plain requests that did not fail, in milliseconds.
    """

    second: int
    requests: int
    failed: int
    share: float
    p95: float | None


@dataclass(frozen=True, kw_only=True)
class RehearsalResult:
    """A rehearsal's account.

    verdict, cause: of the rollout to the candidate; back_verdict: of the way back. to_verdict:
    seconds from the candidate's first answer (from the rollout's start, where it gave none) to
    the decision. to_recovery: seconds from when the first failed request was due to the end of
    the last; 0 when none failed. users: how many different people asked. sound: whether every
    request of the last second was answered well. while_: from the start of the rollout to the
    end of the way back.
    """

    strategy: str
    fault: str
    rate: float
    before_release: str
    candidate: str
    verdict: Verdict
    cause: str
    back_verdict: Verdict
    marks: RehearsalTimes
    users: int
    to_verdict: float
    to_recovery: float
    sound: bool
    total: LoadSummary
    before: LoadSummary
    while_: LoadSummary
    after: LoadSummary
    moments: tuple[RehearsalMoment, ...]

    @property
    def exit_code(self) -> int:
        """0 when users were served to the end, and none was hit unless a fault was ordered."""
        if not self.sound or self.back_verdict is not Verdict.PASSED:
            return 1
        good = self.verdict is Verdict.PASSED and not self.total.failed
        return 0 if good or self.fault else 1

    def to_dict(self) -> dict[str, Any]:
        """For --json."""
        return {("while" if k == "while_" else k): v for k, v in asdict(self).items()}


def rehearsal_moments(sent: Iterable[LoadResponse], candidate: str) -> tuple[RehearsalMoment, ...]:
    """Second by second, from when the first request was due; none is left out."""
    seconds: dict[int, list[LoadResponse]] = {}
    every = list(sent)
    start = min((request.at for request in every), default=0.0)
    for request in every:
        seconds.setdefault(int(request.at - start), []).append(request)
    return tuple(
        _moment(second, seconds.get(second, []), candidate)
        for second in range(max(seconds, default=-1) + 1)
    )


def _moment(second: int, sent: Sequence[LoadResponse], candidate: str) -> RehearsalMoment:
    answered = [request for request in sent if request.release]
    new = sum(request.release == candidate for request in answered)
    return RehearsalMoment(
        second,
        len(sent),
        sum(request.failed for request in sent),
        new / len(answered) if answered else 0.0,
        latency_of(sent).p95,
    )


def decision_time(receipt: RolloutReport) -> float:
    """When it was decided about a candidate, in seconds since the epoch."""
    for entry in receipt.timeline:
        if entry["stage"] in _DECIDED:
            return float(entry["at"])
    return receipt.started + receipt.seconds


def time_to_verdict(receipt: RolloutReport, sent: Iterable[LoadResponse], candidate: str) -> float:
    """Seconds from the candidate's first answer, or from the rollout's start, to the decision."""
    first = min(
        (request.at for request in sent if request.release == candidate), default=receipt.started
    )
    return max(0.0, decision_time(receipt) - first)


def load_phases(
    sent: Iterable[LoadResponse], marks: RehearsalTimes
) -> tuple[LoadSummary, LoadSummary, LoadSummary]:
    """Before the rollout, while it and the way back went on, and after; each request once."""
    before: list[LoadResponse] = []
    during: list[LoadResponse] = []
    after: list[LoadResponse] = []
    for request in sent:
        if request.at < marks.forward:
            before.append(request)
        else:
            (during if request.at < marks.back_end else after).append(request)
    return summarize_load(before), summarize_load(during), summarize_load(after)


def healthy_at_the_end(sent: Sequence[LoadResponse]) -> bool:
    """Whether every request of the last second was answered well."""
    last = max((request.at for request in sent), default=0.0)
    return bool(sent) and not any(request.failed for request in sent if request.at > last - 1.0)


# A rehearsal in the terminal: a small picture over time, and what users would have felt.

_BLOCKS, _PLAIN = " ▁▂▃▄▅▆▇█", " .:-=+*#@"
_WIDTH = 60  # columns of the picture


def rehearsal_lines(rehearsal: RehearsalResult, encoding: str) -> list[str]:
    """Lines of text; pictures in ASCII where the encoding has no blocks."""
    blocks = _BLOCKS if _has(encoding, _BLOCKS) else _PLAIN
    what = f", fault {rehearsal.fault}" if rehearsal.fault else ""
    title = f"rehearsed {rehearsal.strategy} at {rehearsal.rate:g} requests/s{what}"
    return [title, *_picture(rehearsal, blocks), *_words(rehearsal), *_table(rehearsal)]


def _words(rehearsal: RehearsalResult) -> Iterator[str]:
    total = rehearsal.total
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(total.errors.items()))
    failed = f"{total.failed} failed" + (f" ({kinds})" if kinds else "")
    yield f"  requests  {total.requests} sent, {failed}"
    yield f"  users     {total.users_hit} of {rehearsal.users} hit"
    yield f"  verdict   {rehearsal.verdict} after {rehearsal.to_verdict:.1f} s"
    if rehearsal.cause:
        yield f"  why       {rehearsal.cause}"
    if total.failed:
        yield f"  recovery  {rehearsal.to_recovery:.1f} s from the first failed request to the last"
    marks = rehearsal.marks
    yield (
        f"  took      {marks.forward_end - marks.forward:.1f} s forward, "
        f"{marks.back_end - marks.back:.1f} s back ({rehearsal.back_verdict})"
    )
    if marks.struck is not None:
        yield f"  fault     {marks.struck - marks.forward:.1f} s after the rollout began"
    if not rehearsal.sound:
        yield "  AT THE END NOT ALL REQUESTS WERE ANSWERED WELL"


def _table(rehearsal: RehearsalResult) -> Iterator[str]:
    yield f"  {'':<8}{'requests':>9}{'failed':>8}{'p50':>9}{'p95':>9}{'p99':>9}  milliseconds"
    for name, part in (
        ("before", rehearsal.before),
        ("while", rehearsal.while_),
        ("after", rehearsal.after),
    ):
        yield _row(name, part)


def _row(name: str, part: LoadSummary) -> str:
    figures = (part.latency.p50, part.latency.p95, part.latency.p99)
    cells = "".join(f"{'-' if figure is None else format(figure, '.1f'):>9}" for figure in figures)
    return f"  {name:<8}{part.requests:>9}{part.failed:>8}{cells}"


def _picture(rehearsal: RehearsalResult, blocks: str) -> Iterator[str]:
    moments = rehearsal.moments
    rows: tuple[tuple[str, Callable[[RehearsalMoment], float], str], ...] = (
        ("candidate", lambda moment: moment.share, "most {:.0%} of answers"),
        (
            "failed",
            lambda moment: moment.failed / moment.requests if moment.requests else 0,
            "most {:.0%}",
        ),
        ("p95", lambda moment: moment.p95 or 0.0, "most {:.0f} ms"),
    )
    for name, value, caption in rows:
        values = [value(moment) for moment in moments]
        top = max(values, default=0.0)
        full = 1.0 if name == "candidate" else top
        yield f"  {name:<9} |{_line(values, full, blocks)}| {caption.format(top)}"
    yield f"  {'':<9}  {len(moments)} s"


def _line(values: Sequence[float], full: float, blocks: str) -> str:
    """A column a second, or the largest of several; what is not nothing is seen."""
    step = max(1, -(-len(values) // _WIDTH))
    tops = [max(values[start : start + step]) for start in range(0, len(values), step)]
    last = len(blocks) - 1
    return "".join(blocks[max(top > 0, round(top / full * last)) if full else 0] for top in tops)


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
