"""What a rollout tells while it goes on, written down for other commands."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.fakes.clock import VirtualClock

from shipway.rollouts.event_log import (
    RolloutEventLog,
    RolloutEvents,
    event_time,
    read_rollout_events,
)
from shipway.rollouts.events import LineListener, NullListener
from shipway.rollouts.report import JudgementRow, TrafficRow

SAMPLE = TrafficRow(at=12.0, weight=10.0, releases={"2": {"requests": 5, "failed": 1, "p95": 20.0}})
JUDGED = JudgementRow(at=13.0, decision="hold", sentence="1 of 5 fails")


def test_all_that_is_told_is_written_down_and_passed_on(tmp_path: Path) -> None:
    path = str(tmp_path / "environments" / "local" / "rollout.jsonl")
    said: list[str] = []
    log = RolloutEventLog(LineListener(said.append), path, VirtualClock(11.0))
    log.on_message("the migration")
    log.on_stage(12.0, "SCALE_UP", "start new (2)")
    log.on_sample(SAMPLE)
    log.on_judgement(JUDGED)
    assert read_rollout_events(path) == RolloutEvents(
        timeline=({"at": 12.0, "stage": "SCALE_UP", "text": "start new (2)"},),
        samples=({**SAMPLE},),
        evidence=({**JUDGED},),
        messages=({"at": 11.0, "text": "the migration"},),
    )
    assert said == ["the migration", "SCALE_UP start new (2)", "judge: hold: 1 of 5 fails"]
    assert read_rollout_events(path, since=12.5).timeline == ()


def test_the_next_command_begins_anew(tmp_path: Path) -> None:
    path = str(tmp_path / "rollout.jsonl")
    RolloutEventLog(NullListener(), path, VirtualClock(1.0)).on_message("first")
    second = RolloutEventLog(NullListener(), path, VirtualClock(2.0))
    assert [event["text"] for event in read_rollout_events(path).messages] == ["first"]
    second.on_message("second")
    assert [event["text"] for event in read_rollout_events(path).messages] == ["second"]
    assert Path(path).stat().st_mode & 0o077 == 0


def test_what_cannot_be_written_holds_up_no_rollout(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said: list[str] = []
    log = RolloutEventLog(
        LineListener(said.append), str(tmp_path / "file" / "rollout.jsonl"), VirtualClock()
    )
    log.on_message("goes on")
    assert said == ["goes on"]
    assert read_rollout_events(str(tmp_path / "none")) == RolloutEvents()


_ODD = b'\n{"kind": "samples", "at": NaN}\n[]\n{"kind": "samples", "at": 1}\n{"kin'


@given(st.binary())
def test_whatever_stands_in_the_file_is_read(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(text + _ODD)
    assert len(read_rollout_events(str(path)).samples) == 1


TIMES = st.one_of(st.integers(), st.floats(), st.integers(10**308, 10**400), st.none(), st.text())
KINDS = st.sampled_from(["timeline", "samples", "messages", ["timeline"], {}, None, 1, True])


@given(KINDS, TIMES)
@example(["a"], 1)
@example("timeline", 10**400)
@example("timeline", math.inf)
def test_an_event_that_is_read_has_a_kind_and_a_time(
    tmp_path_factory: pytest.TempPathFactory, kind: object, at: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "kinds.jsonl"
    path.write_text(json.dumps({"kind": kind, "at": at, "text": "told"}) + "\n")
    events = read_rollout_events(str(path), since=0.0)
    kept = [*events.timeline, *events.samples, *events.evidence, *events.messages]
    assert all(math.isfinite(event_time(event)) for event in kept)
    assert len(kept) <= isinstance(kind, str)
