"""Receipts as the record keeps them."""

from __future__ import annotations

from shipway.pipeline.outcome import Verdict
from shipway.rollouts.report import RolloutRecord, RolloutReport, last_report

DONE = RolloutReport(
    environment="local",
    release="new",
    before="old",
    verdict=Verdict.ROLLED_BACK,
    started=10.0,
    seconds=2.5,
    address="http://127.0.0.1:1",
)


def test_the_newest_rollout_that_came_far_enough_has_the_last_receipt() -> None:
    cut_off = RolloutRecord(release="newer", started=20.0, number=2)
    ended = RolloutRecord(release="new", verdict="rolled back", by="ann", number=1, report=DONE)
    assert last_report([cut_off, ended, RolloutRecord(release="x")]) == DONE


def test_where_none_ended_there_is_no_receipt() -> None:
    assert last_report([RolloutRecord(release="newer", started=20.0)]) is None
    assert last_report([]) is None
