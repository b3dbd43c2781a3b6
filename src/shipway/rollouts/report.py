"""A receipt: what a rollout proves afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import NotRequired, TypedDict

from shipway.codec import DocumentFormat, JsonObject, from_plain, member, to_plain
from shipway.pipeline.outcome import Verdict
from shipway.releases.release import Release


class TimelineEntry(TypedDict):
    """What happened when. at: seconds since the epoch."""

    at: float
    stage: str
    text: str


class ReleaseFigures(TypedDict):
    """Requests of one release; percentiles in milliseconds, where there were any.

    aborted: how many were given up by whoever asked, before there was an answer.
    """

    requests: int
    failed: int
    aborted: NotRequired[int]
    p50: NotRequired[float]
    p95: NotRequired[float]
    p99: NotRequired[float]


class TrafficRow(TypedDict):
    """What each release got since the row before. weight: percent for the candidate."""

    at: float
    weight: float
    releases: dict[str, ReleaseFigures]


class JudgementRow(TypedDict):
    """What the judge said, where that changed."""

    at: float
    decision: str
    sentence: str


# What a rollout leaves for its receipt, besides figures.


@dataclass
class RolloutNotes:
    """The first cause counts; what follows from it does not."""

    timeline: list[TimelineEntry] = field(default_factory=list)
    cause: str = ""
    remedy: str = ""
    log: tuple[str, ...] = ()

    def fail(self, cause: str, remedy: str = "", log: tuple[str, ...] = ()) -> None:
        """Why it did not succeed; an empty cause says nothing."""
        if cause and not self.cause:
            self.cause, self.remedy, self.log = cause, remedy, log


@dataclass(frozen=True, kw_only=True)
class RolloutReport:
    """What happened in a rollout.

    releases: name → requests, failed, aborted, p50, p95, p99 (milliseconds), of what people asked
    during the rollout ("no release": what none could answer); synthetic: how many probes Shipway
    sent besides; outages: how often the proxy itself had ended and was started again, downtime:
    seconds, at most, in which nobody could ask because of that.
    timeline: what happened when ({at: seconds since the epoch, stage, text}). samples: what each
    release got, second by second ({at, weight: percent of production traffic for the new one,
    releases: name → {requests, failed, p95}}, each since the sample before). evidence: what the
    judge said ({at, decision, sentence}), where it changed. cause, remedy: why it did not succeed
    and what to do; log: the last lines of what failed.
    """

    environment: str
    release: str
    before: str
    verdict: Verdict
    started: float
    seconds: float
    address: str
    strategy: str = "rolling"
    cause: str = ""
    remedy: str = ""
    log: tuple[str, ...] = ()
    releases: Mapping[str, ReleaseFigures] = field(default_factory=dict)
    timeline: tuple[TimelineEntry, ...] = ()
    samples: tuple[TrafficRow, ...] = ()
    evidence: tuple[JudgementRow, ...] = ()
    synthetic: int = 0
    outages: int = 0
    downtime: float = 0.0

    @property
    def requests(self) -> int:
        """What people asked during the rollout."""
        return int(sum(release.get("requests", 0) for release in self.releases.values()))

    @property
    def failed(self) -> int:
        """Those that ended with a server's error, were cut off, or got no answer."""
        return int(sum(release.get("failed", 0) for release in self.releases.values()))

    @property
    def aborted(self) -> int:
        """Those that were given up by whoever asked, before there was an answer."""
        return int(sum(release.get("aborted", 0) for release in self.releases.values()))

    def to_dict(self) -> JsonObject:
        """For `--json` and the reports."""
        plain: JsonObject = to_plain(
            {**asdict(self), "requests": self.requests, "failed": self.failed}
        )
        return plain


@dataclass(frozen=True, kw_only=True)
class NoticeRecord:
    """What became of a notification of a rollout. problem: why it did not arrive, "" if it did."""

    event: str
    channel: str
    problem: str
    attempts: int = 0
    seconds: float = 0.0


UNFINISHED = "unfinished"


@dataclass(frozen=True, kw_only=True)
class RolloutRecord:
    """One rollout in an environment's history.

    release, before: the names of the candidate and of the stable release; digest: the
    candidate's. verdict: a Verdict, or "unfinished". by: who began it. report: None until it has
    ended or waits for a person. verdict_of_run, without_verdict: the run that the release has
    passed, or why it was deployed without one. promoted: the environment it came from. adopted:
    "yes" where another machine began it. settings: a digest of what an ECS task definition is
    made of. task_definition, deployment: their ARNs. candidate: what any machine can use of the
    release.
    """

    number: int = 0
    release: str = ""
    before: str = ""
    started: float = 0.0
    verdict: str = UNFINISHED
    by: str = ""
    strategy: str = ""
    digest: str = ""
    verdict_of_run: str = ""
    without_verdict: str = ""
    promoted: str = ""
    adopted: str = ""
    settings: str = ""
    report: RolloutReport | None = None
    task_definition: str = ""
    deployment: str = ""
    candidate: Release | None = None
    notices: tuple[NoticeRecord, ...] = ()

    def to_dict(self) -> JsonObject:
        """For `--json`: the fields of its report beside its own, and only what there is."""
        report = self.report.to_dict() if self.report else {}
        remarks = {name: getattr(self, name) for name in _REMARKS if getattr(self, name)}
        notices = [to_plain(asdict(row)) for row in self.notices]
        on_ecs: JsonObject = {}
        if self.task_definition or self.deployment or self.candidate:
            candidate = self.candidate
            on_ecs = {
                "task_definition": self.task_definition,
                "deployment": self.deployment,
                "release_data": {**to_plain(asdict(candidate)), "name": candidate.name}
                if candidate
                else None,
            }
        return {
            "release": self.release,
            "before": self.before,
            "started": self.started,
            "verdict": self.verdict,
            "by": self.by,
            "strategy": self.strategy,
            "digest": self.digest,
            **report,
            **remarks,
            **on_ecs,
            **({"notices": notices} if notices else {}),
            "number": self.number,
        }


_REMARKS = ("verdict_of_run", "without_verdict", "promoted", "adopted", "settings")
_REPORT = {field.name for field in fields(RolloutReport)}
_OWN = {field.name for field in fields(RolloutRecord)}


def _nest_report(document: JsonObject) -> JsonObject:
    """Version 2: the report has a field of its own, and a release is called the candidate."""
    own = {name: value for name, value in document.items() if name in _OWN}
    if "seconds" in document:
        own["report"] = {name: value for name, value in document.items() if name in _REPORT}
    if release := member(document, "release_data"):
        own["candidate"] = release
    return own


def _count_users(document: JsonObject) -> JsonObject:
    """Version 3: `aborted` and `downtime`, which nobody had counted."""
    return document


ROLLOUT = DocumentFormat(RolloutRecord, "the rollout", (_nest_report, _count_users))


def rollout_records(documents: Iterable[JsonObject], source: str) -> list[RolloutRecord]:
    """The rollouts in documents of any version. source: where they are kept."""
    return [
        ROLLOUT.from_object(document, f"{source}, rollout {document.get('number', '?')}")
        for document in documents
    ]


def report_from(document: JsonObject) -> RolloutReport:
    """The report in what `to_dict` gave. Raises ValueError for what is none."""
    own = {name: value for name, value in document.items() if name in _REPORT}
    return from_plain(RolloutReport, own)


def last_report(rollouts: Iterable[RolloutRecord]) -> RolloutReport | None:
    """Of the record's rollouts, newest first: the first that came far enough to have one."""
    return next((rollout.report for rollout in rollouts if rollout.report), None)
