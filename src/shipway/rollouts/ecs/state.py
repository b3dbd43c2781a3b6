"""What is known of an environment on ECS, as the record keeps it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shipway.codec import DocumentFormat, JsonObject, member, renamed
from shipway.releases.release import Release
from shipway.rollouts.analysis.counts_migration import analysis_from_texts, counts_from_rows
from shipway.rollouts.analysis.rollout_analysis import AnalysisState
from shipway.rollouts.analysis.window import RequestCounts
from shipway.rollouts.ecs.deployment_configuration import Shift
from shipway.rollouts.report import RolloutNotes, TrafficRow


@dataclass(frozen=True, kw_only=True)
class MetricsState:
    """What CloudWatch has counted. next: until when everything was read. began: when the rollout
    did. totals: by target group's key."""

    next: float
    began: float
    samples: tuple[TrafficRow, ...] = ()
    totals: Mapping[str, RequestCounts] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CanaryState:
    """What the analysis knows. weights: since when the candidate had which percentage."""

    metrics: MetricsState
    analysis: AnalysisState
    weights: tuple[tuple[float, float], ...] = ()
    promoted: bool = False


@dataclass(frozen=True, kw_only=True)
class WatcherState:
    """What the watcher knows. hooks: the pauses, in their order; since: when each was first seen.
    awaiting_approval: the pause that waits for a person. asked: whether ECS was asked to roll
    back. reported: the stage and its text that were told last. failed: ARNs of stopped tasks."""

    notes: RolloutNotes
    canary: CanaryState
    hooks: tuple[str, ...] = ()
    since: Mapping[str, float] = field(default_factory=dict)
    awaiting_approval: str = ""
    asked: bool = False
    reported: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


@dataclass(kw_only=True)
class UnfinishedDeployment:
    """A rollout that has not ended; filled in as it goes on.

    release, digest: of the candidate; candidate: None where another machine began it. before: the
    stable release's name. back: whether it goes to an earlier release. known: ARNs of the
    deployments before it. watcher: None before it is followed. shift: how it gets its traffic,
    where not as configured. scaled: whether it raised the service's desired count from 0.
    """

    started: float
    release: str
    strategy: str
    digest: str = ""
    candidate: Release | None = None
    before: str = ""
    number: int = 0
    remarks: Mapping[str, str] = field(default_factory=dict)
    back: bool = False
    task_definition: str = ""
    known: tuple[str, ...] = ()
    deployment: str = ""
    watcher: WatcherState | None = None
    shift: Shift = ""
    scaled: bool = False


@dataclass(frozen=True, kw_only=True)
class EcsState:
    """unkept: numbers of rollouts that have ended and that S3 does not have yet."""

    unfinished: UnfinishedDeployment | None = None
    unkept: tuple[int, ...] = ()


def _watcher(course: JsonObject) -> JsonObject:
    observing = member(course, "observing") or {}
    meter = member(observing, "meter") or {}
    course = renamed(
        course,
        {"story": "notes", "held": "awaiting_approval", "told": "reported", "observing": ""},
    )
    course["canary"] = {
        "metrics": {**meter, "totals": counts_from_rows(member(meter, "totals"))},
        "analysis": analysis_from_texts(member(observing, "judging")),
        "weights": observing.get("weights", []),
        "promoted": observing.get("promoted", False),
    }
    return course


def _name_parts(document: JsonObject) -> JsonObject:
    """Version 2: the parts of a rollout have the names of their classes."""
    unfinished = member(document, "unfinished")
    if unfinished is None:
        return document
    release, before = member(unfinished, "release") or {}, member(unfinished, "before") or {}
    course = member(unfinished, "course")
    document["unfinished"] = {
        **renamed(unfinished, {"course": ""}),
        "release": release.get("name"),
        "digest": release.get("digest", ""),
        "candidate": release if release.get("digest") else None,
        "before": before.get("name", ""),
        "watcher": _watcher(course) if course else None,
    }
    return document


ECS_STATE = DocumentFormat(EcsState, "the state", (_name_parts,))
