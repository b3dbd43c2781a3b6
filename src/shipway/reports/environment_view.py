"""What is shown of an environment: what serves, a rollout that goes on, what can be done. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from shipway.codec import JsonObject
from shipway.pipeline.outcome import Verdict
from shipway.reports.figures import format_duration, format_figure, style_of, utc
from shipway.reports.rollout_report import RolloutReportView, rollout_report_view
from shipway.reports.rollout_samples import chart_samples, finite_number
from shipway.rollouts.delivery import DeliveryMetrics, rollback_numbers
from shipway.rollouts.deploy_freeze import DeployFreeze
from shipway.rollouts.platform import InstanceStatus, PlatformStatus
from shipway.rollouts.report import UNFINISHED, RolloutRecord
from shipway.rollouts.state_machine import ActionType
from shipway.rollouts.strategy import RolloutPlan

_RECENT = 30.0  # seconds of which the figures of a rollout that goes on are
_MOST_MESSAGES = 8
_MOST_ROLLOUTS = 20
_WAITING = (UNFINISHED, Verdict.ACTION_REQUIRED, Verdict.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class OngoingRollout:
    """A rollout that is not at its end, as far as this machine knows it.

    timeline, samples, evidence: as a rollout's report has them. messages: {at, text}. remaining:
    seconds of watching that its plan still asks for; None where nobody knows.
    """

    record: RolloutRecord
    timeline: Sequence[JsonObject] = ()
    samples: Sequence[JsonObject] = ()
    evidence: Sequence[JsonObject] = ()
    messages: Sequence[JsonObject] = ()
    remaining: float | None = None


@dataclass(frozen=True, kw_only=True)
class EnvironmentSnapshot:
    """An environment at one moment. status: None where the platform did not say; trouble: why not,
    and what to do. answered: whether the platform said anything, be it an error; nothing can be
    done to one that is silent. rollouts: newest first."""

    name: str
    platform: str
    strategy: str
    status: PlatformStatus | None = None
    trouble: tuple[str, str] = ("", "")
    rollouts: Sequence[RolloutRecord] = ()
    ongoing: OngoingRollout | None = None
    hold: DeployFreeze | None = None
    earlier: str = ""
    delivery: DeliveryMetrics | None = None
    answered: bool = True


@dataclass(frozen=True)
class ReleaseShare:
    """What one release of a rollout gets. weight: percent of people's requests; the figures are of
    the last half minute, None where nothing was measured."""

    name: str
    new: bool
    weight: float
    requests: float
    error_rate: float | None
    p95: float | None


@dataclass(frozen=True, kw_only=True)
class RolloutProgress:
    """A rollout that is not at its end. judged: what the judge says now, "" where it is silent."""

    release: str
    before: str
    strategy: str
    stage: str
    doing: str
    held: bool
    since: str
    lasts: str
    by: str
    shares: tuple[ReleaseShare, ...]
    judged: str
    tone: str
    sentence: str
    to_go: str
    messages: tuple[tuple[str, str], ...]
    receipt: RolloutReportView


@dataclass(frozen=True, kw_only=True)
class RolloutRow:
    """A rollout of the past. kind: deployment or rollback."""

    number: int
    release: str
    kind: str
    verdict: str
    tone: str
    started: str
    lasted: str
    requests: str
    failed: str
    by: str
    has_report: bool


@dataclass(frozen=True)
class EnvironmentAction:
    """What a button does. command: the word of the command. warning: what comes of it. urgent:
    whether everything waits for it. rollout: the number of the newest rollout when it was offered.
    """

    command: str
    label: str
    question: str
    warning: str
    options: tuple[str, ...] = ()
    urgent: bool = False
    rollout: int = 0

    @property
    def confirmation(self) -> str:
        """What a form sends back: another one where the same button would now do another thing.
        A digest, because forms change line ends and names can hold anything."""
        answered = (self.command, self.question, self.warning, self.options, self.rollout)
        return sha256(ascii(answered).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class EnvironmentView:
    """What the page shows. state, tone: of the whole, in a word. since: when what serves began."""

    name: str
    platform: str
    state: str
    tone: str
    release: str
    address: str
    facts: tuple[tuple[str, str], ...]
    instances: tuple[InstanceStatus, ...]
    trouble: str
    remedy: str
    hold: str
    rollout: RolloutProgress | None
    actions: tuple[EnvironmentAction, ...]
    rollouts: tuple[RolloutRow, ...]
    delivery: tuple[tuple[str, str], ...]


def lasting(seconds: float) -> str:
    """A time that goes on, as coarse as people say it: `95 s`, `12 min`, `3 h`, `5 days`."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def watching_left(plan: RolloutPlan, weight: float, watched: float) -> float:
    """Seconds of watching that a plan still asks for, at least.

    weight: percent that the new release has now. watched: seconds since the last action began.
    """
    ahead = [step for step in plan.steps if step > weight]
    now = (plan.bake if weight >= 100 else plan.step_bake) if weight in plan.steps else 0.0
    later = sum(plan.bake if step >= 100 else plan.step_bake for step in ahead)
    return max(now - watched, 0.0) + later


def environment_view(snapshot: EnvironmentSnapshot, now: float) -> EnvironmentView:
    """Lay out an environment. now: seconds since the epoch."""
    status = snapshot.status
    state, tone = _state(snapshot)
    serving = _serving(snapshot)
    trouble, remedy = snapshot.trouble
    return EnvironmentView(
        name=snapshot.name,
        platform=snapshot.platform,
        state=state,
        tone=tone,
        release=status["release"] if status else "",
        address=status["address"] if status and status["release"] else "",
        facts=tuple(_facts(snapshot, serving, now)),
        instances=tuple(status["instances"]) if status else (),
        trouble=trouble,
        remedy=remedy,
        hold=snapshot.hold.description if snapshot.hold else "",
        rollout=_progress(snapshot, now),
        actions=tuple(_actions(snapshot)),
        rollouts=rollout_rows(snapshot.rollouts),
        delivery=delivery_facts(snapshot.delivery) if snapshot.delivery else (),
    )


def rollout_rows(rollouts: Sequence[RolloutRecord]) -> tuple[RolloutRow, ...]:
    """The newest rollouts. rollouts: newest first."""
    back = rollback_numbers(sorted(rollouts, key=lambda rollout: rollout.number))
    return tuple(
        RolloutRow(
            number=rollout.number,
            release=rollout.release,
            kind="rollback" if rollout.number in back else "deployment",
            verdict=rollout.verdict,
            tone=style_of(rollout.verdict),
            started=utc(rollout.started),
            lasted=format_duration(rollout.report.seconds) if rollout.report else "–",
            requests=format_figure(rollout.report.requests) if rollout.report else "–",
            failed=format_figure(rollout.report.failed) if rollout.report else "–",
            by=rollout.by or "–",
            has_report=rollout.report is not None,
        )
        for rollout in rollouts[:_MOST_ROLLOUTS]
    )


def delivery_facts(metrics: DeliveryMetrics) -> tuple[tuple[str, str], ...]:
    """DORA's four keys for people."""

    def known(value: float | None, text: str) -> str:
        return "not known" if value is None else text

    lead, back = metrics.lead_time or 0.0, metrics.recovery_time or 0.0
    failed = f"{metrics.failure_rate or 0.0:.0f} % ({metrics.failed} of {metrics.attempts})"
    return (
        ("Deployment frequency", f"{metrics.per_week:.1f} a week ({metrics.deployments})"),
        ("Lead time for changes", known(metrics.lead_time, lasting(lead))),
        ("Change failure rate", known(metrics.failure_rate, failed)),
        ("Time to restore", known(metrics.recovery_time, lasting(back))),
    )


def _serving(snapshot: EnvironmentSnapshot) -> RolloutRecord | None:
    """The rollout by which what serves came to serve."""
    if snapshot.status is None:
        return None
    release = snapshot.status["release"]
    passed = (r for r in snapshot.rollouts if r.verdict == Verdict.PASSED)
    return next((rollout for rollout in passed if rollout.release == release), None)


def _state(snapshot: EnvironmentSnapshot) -> tuple[str, str]:
    status = snapshot.status
    if status is None:
        return "not known", "unsure"
    if status["rollout"]:
        waits = _waits_for_person(snapshot)
        return ("waits for a person", "bad") if waits else ("rollout in progress", "live")
    if status.get("unrecorded"):
        return "not on record", "bad"
    if not status["release"]:
        return "nothing runs", "quiet"
    sick = [entry for entry in status["instances"] if entry["health"] != "ok"]
    if not status["proxy"] or sick or not status["instances"]:
        return "not well", "bad"
    return "serves", "good"


def _facts(
    snapshot: EnvironmentSnapshot, serving: RolloutRecord | None, now: float
) -> list[tuple[str, str]]:
    facts = [("Platform", snapshot.platform), ("Strategy", snapshot.strategy)]
    if status := snapshot.status:
        well = sum(instance["health"] == "ok" for instance in status["instances"])
        facts.append(("Instances", f"{well} of {len(status['instances'])} healthy"))
        if status["release"]:
            facts.append(("Proxy", "answers" if status["proxy"] else "does not answer"))
    if serving:
        end = serving.started + (serving.report.seconds if serving.report else 0.0)
        facts.append(("Serves since", f"{utc(end)} ({lasting(now - end)})"))
        if serving.by:
            facts.append(("Deployed by", serving.by))
    return facts


def _progress(snapshot: EnvironmentSnapshot, now: float) -> RolloutProgress | None:
    status, ongoing = snapshot.status, snapshot.ongoing
    if status is None or status["rollout"] is None:
        return None
    moving = status["rollout"]
    record = ongoing.record if ongoing else RolloutRecord(release=moving["release"], started=now)
    ongoing = ongoing or OngoingRollout(record=record)
    before = record.before or status["release"]
    last = ongoing.timeline[-1] if ongoing.timeline else {}
    stage = str(last.get("stage") or moving["stage"])
    samples = chart_samples(list(ongoing.samples), record.started)
    weight = samples[-1].weight if samples and samples[-1].weight is not None else moving["weight"]
    judged = ongoing.evidence[-1] if ongoing.evidence else {}
    receipt: JsonObject = {
        "release": moving["release"],
        "started": record.started,
        "seconds": max(now - record.started, 0.0),
        "timeline": list(ongoing.timeline),
        "samples": list(ongoing.samples),
        "evidence": _changes(ongoing.evidence),
    }
    return RolloutProgress(
        release=moving["release"],
        before=before if before != moving["release"] else "",
        strategy=record.strategy or snapshot.strategy,
        stage=stage.replace("_", " ").lower(),
        doing=str(last.get("text") or ""),
        held=moving["held"],
        since=utc(record.started),
        lasts=lasting(now - record.started),
        by=record.by,
        shares=tuple(_shares(moving["release"], before, weight, ongoing.samples, now)),
        judged=str(judged.get("decision") or ""),
        tone=style_of(str(judged.get("decision") or "")),
        sentence=str(judged.get("sentence") or ""),
        to_go=_to_go(ongoing.remaining, waits=_waits_for_person(snapshot)),
        messages=tuple(
            (
                f"+{lasting((finite_number(entry.get('at')) or 0.0) - record.started)}",
                str(entry.get("text") or ""),
            )
            for entry in list(ongoing.messages)[-_MOST_MESSAGES:]
        ),
        receipt=rollout_report_view(f"the rollout of {moving['release']}", receipt, record.started),
    )


def _changes(evidence: Sequence[JsonObject]) -> list[JsonObject]:
    """Where the judge said another thing than before."""
    before = [None, *(entry.get("decision") for entry in evidence)]
    return [e for e, last in zip(evidence, before, strict=False) if e.get("decision") != last]


def _to_go(remaining: float | None, *, waits: bool) -> str:
    if waits:
        return "nothing moves until somebody decides"
    if remaining is None:
        return "not known"
    if remaining < 1:
        return "no more watching is planned"
    return f"{lasting(remaining)} of watching, at least"


def _shares(
    new: str, before: str, weight: float, samples: Sequence[JsonObject], now: float
) -> list[ReleaseShare]:
    recent = chart_samples(
        [s for s in samples if (finite_number(s.get("at")) or 0.0) >= now - _RECENT], 0.0
    )
    shares = [(new, True, weight)]
    if before and before != new:
        shares.append((before, False, 100.0 - weight))
    rows = []
    for name, is_new, share in shares:
        traffic = [sample.releases[name] for sample in recent if name in sample.releases]
        requests = sum(entry.requests for entry in traffic)
        failed = sum(entry.failed for entry in traffic)
        p95 = max((entry.p95 for entry in traffic if entry.p95 is not None), default=None)
        rate = 100.0 * failed / requests if requests else None
        rows.append(ReleaseShare(name, is_new, share, requests, rate, p95))
    return rows


def _waits_for_person(snapshot: EnvironmentSnapshot) -> bool:
    """Whether a rollout is held, or at a pause."""
    moving = snapshot.status["rollout"] if snapshot.status else None
    timeline = snapshot.ongoing.timeline if snapshot.ongoing else ()
    paused = bool(timeline) and timeline[-1].get("text") == str(ActionType.PAUSE)
    return moving is not None and (moving["held"] or paused)


def _actions(snapshot: EnvironmentSnapshot) -> list[EnvironmentAction]:
    """What makes sense now, as the commands have it."""
    if not snapshot.answered:
        return []
    status = snapshot.status
    newest = snapshot.rollouts[0] if snapshot.rollouts else None
    moving = status["rollout"] if status else None
    # Where the platform does not say, the record does.
    waits = moving is not None or (
        status is None and newest is not None and newest.verdict in _WAITING
    )
    release = moving["release"] if moving else newest.release if newest else ""
    number = newest.number if newest else 0
    if waits:
        before = (newest.before if newest else "") or (status["release"] if status else "")
        after = f"{before} gets all requests again" if before else "nothing serves afterwards"
        return [
            EnvironmentAction(
                "resume",
                "Resume rollout",
                f"Go on with the rollout of {release}?",
                "A pause or a hold ends, and the rollout goes on to its next step.",
                urgent=_waits_for_person(snapshot),
                rollout=number,
            ),
            EnvironmentAction(
                "cancel",
                "Cancel rollout",
                f"Undo the rollout of {release}?",
                f"The rollout is undone: {after}.",
                rollout=number,
            ),
        ]
    if snapshot.earlier and status and status["release"]:
        return [
            EnvironmentAction(
                "rollback",
                "Roll back",
                f"Go back from {status['release']} to {snapshot.earlier}?",
                f"{snapshot.earlier} gets all requests as soon as it is healthy. Nothing is built.",
                ("--to", snapshot.earlier),
                rollout=number,
            )
        ]
    return []
