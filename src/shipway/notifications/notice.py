"""What people are told of a rollout or a run, where they are. Pure; slack.py and webhooks.py write
it for each reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from shipway.codec import JsonObject
from shipway.pipeline.outcome import Verdict
from shipway.pipeline.problems import (
    abridge_problems,
    count_problems,
    problems_behind,
    run_problems,
)
from shipway.pipeline.result import RunResult
from shipway.ports import Changes
from shipway.reports.sanitize import one_line
from shipway.rollouts.report import RolloutReport


class NoticeEvent(StrEnum):
    """What happened; of a rollout the words that `[notify]` takes."""

    STARTED = "started"
    DEPLOYED = "deployed"
    ROLLED_BACK = "rolled back"
    HELD = "held"
    FAILED = "failed"
    RUN_FAILED = "run failed"
    RUN_RECOVERED = "run recovered"


RUN_EVENTS = (NoticeEvent.RUN_FAILED, NoticeEvent.RUN_RECOVERED)
_MOST_OF_A_KIND = 5  # problems, as the terminal has them


@dataclass(frozen=True)
class NoticeProblem:
    """One fault of a run: its kind, its sentence as the terminal has it, and whether the main
    branch does not have it yet."""

    kind: str
    sentence: str
    new: bool


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One message.

    at: seconds since the epoch. before: the release that ran, "" for none. figures: of the
    receipt, name → words. links: name → where: an address, or a path on the machine. test: it
    is only tried out. Of a run: branch, commit; problems: the heaviest first; more_problems: those
    that are left out, as counts; environment and release are "".
    """

    event: NoticeEvent
    application: str
    at: float
    environment: str = ""
    release: str = ""
    before: str = ""
    cause: str = ""
    remedy: str = ""
    changes: Changes = field(default_factory=Changes)
    figures: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    test: bool = False
    branch: str = ""
    commit: str = ""
    problems: tuple[NoticeProblem, ...] = ()
    more_problems: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """`mycandidate, production: 1.4.0+3f2a91c.8c1d02 is deployed`."""
        release = self.release or "a release"
        headlines = {
            NoticeEvent.STARTED: f"a rollout of {release} has started",
            NoticeEvent.DEPLOYED: f"{release} is deployed",
            NoticeEvent.ROLLED_BACK: self._back,
            NoticeEvent.HELD: f"the rollout of {release} is held: it needs a person",
            NoticeEvent.FAILED: f"the rollout of {release} failed",
            NoticeEvent.RUN_FAILED: f"the run failed: {self.cause}",
            NoticeEvent.RUN_RECOVERED: "the run passes again",
        }
        test = "test: " if self.test else ""
        where = self.environment or self.branch
        return f"{test}{self.application}, {where}: {headlines[self.event]}"

    @property
    def _back(self) -> str:
        """Somebody went back to the release, or the release was taken back."""
        release = self.release or "a release"
        return f"{release} was rolled back" if self.cause else f"went back to {release}"

    def to_dict(self) -> JsonObject:
        """For a webhook; docs/notifications.md describes it."""
        return {**asdict(self), "event": str(self.event), "headline": self.headline}


def notice_event(receipt: RolloutReport, *, undo: bool = False) -> NoticeEvent:
    """What a receipt is news of. undo: going back is what was asked for, and so no failure."""
    if receipt.verdict is Verdict.PASSED:
        return NoticeEvent.ROLLED_BACK if undo else NoticeEvent.DEPLOYED
    if receipt.verdict is Verdict.ROLLED_BACK:
        return NoticeEvent.ROLLED_BACK
    last = receipt.timeline[-1]["text"] if receipt.timeline else ""
    return NoticeEvent.HELD if last == "held" else NoticeEvent.FAILED


def notice_figures(receipt: RolloutReport) -> dict[str, str]:
    """The receipt's figures in words: what a reader wants of it without opening it."""
    figures = {
        "strategy": receipt.strategy,
        "took": f"{receipt.seconds:.1f} s",
        "requests": f"{receipt.requests:,} seen, {receipt.failed:,} failed",
    }
    for name, release in receipt.releases.items():
        percentile = release.get("p95")
        p95 = "" if percentile is None else f", p95 {percentile:.0f} ms"
        figures[name] = f"{release.get('requests', 0):,.0f} requests{p95}"
    return figures


# Of a run of the main branch: told once, and again only where something else is wrong.


def problem_keys(result: RunResult) -> tuple[str, ...]:
    """What is wrong with a run, by names that are the same in another run."""
    keys = sorted({f"{problem.kind} {problem.key}" for problem in problems_behind(result)})
    return tuple(keys) or (f"verdict {result.verdict}",)


def what_is_wrong(
    result: RunResult, told: Sequence[str] | None, *, strict: bool
) -> Sequence[str] | None:
    """The keys of what is wrong with the main branch after a run; None where nothing is.

    told: those of the run before. strict: whether an incomplete run is a failure. One that is
    incomplete and no failure has not recovered, and one that was interrupted says nothing: it is as
    before.
    """
    if result.verdict is Verdict.PASSED:
        return None
    if result.verdict is Verdict.INTERRUPTED or not result.exit_code(strict=strict):
        return told
    return problem_keys(result)


def run_event(result: RunResult, told: Sequence[str] | None, *, strict: bool) -> NoticeEvent | None:
    """What a run is news of; None where nobody has to know. told, strict: see `what_is_wrong`."""
    wrong = what_is_wrong(result, told, strict=strict)
    if wrong is None:
        return None if told is None else NoticeEvent.RUN_RECOVERED
    known = told is not None and set(wrong) <= set(told)
    return None if known else NoticeEvent.RUN_FAILED


def run_notice(
    event: NoticeEvent, result: RunResult, at: float, links: Mapping[str, str]
) -> Notice:
    """The message about a run. at: seconds since the epoch."""
    problems = () if event is NoticeEvent.RUN_RECOVERED else run_problems(result)
    shown, more = abridge_problems(problems, _MOST_OF_A_KIND)
    first = next(iter(problems_behind(result)), None)
    return Notice(
        event=event,
        application=result.application,
        branch=result.branch,
        commit=result.commit,
        at=at,
        cause=count_problems(problems) or result.verdict.value if problems else "",
        remedy=first.remedy if first and problems else "",
        figures={
            **({"commit": result.commit[:7]} if result.commit else {}),
            "took": f"{result.seconds:.1f} s",
        },
        links=links,
        problems=tuple(
            NoticeProblem(problem.kind, problem.sentence, problem.new is True) for problem in shown
        ),
        more_problems=more,
    )


# A notice as lines for a terminal.


def notice_lines(notice: Notice) -> Iterator[str]:
    """All that the message says."""
    yield one_line(notice.headline)
    why = "" if notice.problems else notice.cause
    facts = (("before", notice.before), ("why", why), ("next", notice.remedy))
    for name, text in (*facts, *notice.figures.items()):
        if text:
            yield f"  {one_line(name)}: {one_line(text)}"
    for problem in notice.problems:
        new = "new: " if problem.new else ""
        yield f"    {one_line(problem.kind)}: {new}{one_line(problem.sentence)}"
    for text in notice.more_problems:
        yield f"    and {text}"
    changes = notice.changes
    if changes.commits:
        yield "  what it takes back:" if changes.undone else "  what changes:"
    for commit in changes.commits:
        yield (
            f"    {one_line(commit.id)} {one_line(commit.subject, 100)} "
            f"({one_line(commit.author, 40)})"
        )
    if changes.more:
        yield f"    and {changes.more} more"
    for name, where in notice.links.items():
        yield f"  {one_line(name)}: {one_line(where)}"
