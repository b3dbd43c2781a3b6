"""What is known of an environment on this machine, as the record keeps it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shipway.codec import DocumentFormat, JsonObject, member, renamed
from shipway.releases.release import Release
from shipway.rollouts.analysis.counts_migration import analysis_from_texts, counts_from_rows
from shipway.rollouts.analysis.rollout_analysis import AnalysisState
from shipway.rollouts.local.instances import Instance
from shipway.rollouts.local.proxy import ProxyState
from shipway.rollouts.local.traffic_monitor import CountersState
from shipway.rollouts.report import RolloutNotes
from shipway.rollouts.state_machine import Rollout


@dataclass(frozen=True, kw_only=True)
class ExecutionState:
    """How far a rollout has come: enough to go on with the same evidence. synthetic: requests of
    Shipway's own that were sent."""

    state: Rollout
    counters: CountersState
    analysis: AnalysisState
    notes: RolloutNotes
    synthetic: int = 0


@dataclass(frozen=True, kw_only=True)
class UnfinishedRollout:
    """A rollout that has not ended. number: in the record. started: seconds since the epoch.
    remarks: kept with the rollout. execution: None before its first action."""

    number: int
    started: float
    candidate: Release
    stable: Release | None = None
    remarks: Mapping[str, str] = field(default_factory=dict)
    execution: ExecutionState | None = None


@dataclass(frozen=True, kw_only=True)
class LocalState:
    """current: the release that serves everybody."""

    instances: tuple[Instance, ...] = ()
    current: Release | None = None
    unfinished: UnfinishedRollout | None = None
    proxy: ProxyState = field(default_factory=ProxyState)


def _execution(walk: JsonObject) -> JsonObject:
    meter = member(walk, "meter") or {}
    counters: JsonObject = {
        **meter,
        "last": counts_from_rows(member(meter, "last")),
        "totals": counts_from_rows(member(meter, "totals")),
    }
    return {
        "state": walk.get("state"),
        "counters": counters,
        "analysis": analysis_from_texts(member(walk, "judging")),
        "notes": walk.get("story"),
        "synthetic": walk.get("synthetic", 0),
    }


def _name_releases_by_role(document: JsonObject) -> JsonObject:
    """Version 2: candidate and stable; the parts of a rollout have the names of their classes."""
    instances = document.get("instances")
    if isinstance(instances, list):  # the oldest were written down only once they were healthy
        document["instances"] = [
            {"joined": True, **entry} if isinstance(entry, dict) else entry for entry in instances
        ]
    if (unfinished := member(document, "unfinished")) is not None:
        unfinished = renamed(unfinished, {"release": "candidate", "before": "stable", "walk": ""})
        walk = member(member(document, "unfinished") or {}, "walk")
        unfinished["execution"] = _execution(walk) if walk else None
        document["unfinished"] = unfinished
    return document


def _follow_access_log(document: JsonObject) -> JsonObject:
    """Version 3: `access_log`; a rollout that an older build began goes on with its counters."""
    return document


LOCAL_STATE = DocumentFormat(LocalState, "the state", (_name_releases_by_role, _follow_access_log))
