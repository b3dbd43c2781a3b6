from __future__ import annotations

from typing import Any

from hypothesis import given

from shipway.reports.rollout_report import (
    MOST_MARKS,
    MOST_POINTS,
    MOST_ROWS,
    RolloutChart,
    evidence_letter,
    rollout_chart,
)
from shipway.reports.rollout_samples import ReleaseTraffic, traffic_totals

from .any_report import RECEIPTS
from .sample_rollouts import BEGAN, NEW, OLD, evidence, promoted, rolled_back, sample


def drawn(**receipt: Any) -> RolloutChart:
    found = rollout_chart({"samples": [sample(1, 10, (5, 0, 30))], **receipt}, BEGAN)
    assert found
    return found


def test_without_samples_there_is_no_drawing() -> None:
    assert rollout_chart({"timeline": [{"at": 1.0, "stage": "SCALE_UP"}]}, BEGAN) is None


def test_the_new_release_comes_first_and_is_known_by_the_receipts_name() -> None:
    assert drawn(release=NEW).releases == ((NEW, True), (OLD, False))
    assert drawn(release=OLD).releases == ((OLD, True), (NEW, False))
    assert [new for _, new in drawn().releases] == [False, False]


def test_a_stage_lasts_until_the_next_and_its_actions_are_part_of_it() -> None:
    bands = drawn(**promoted().to_dict()).bands
    assert [(band.number, band.stage) for band in bands] == [
        (1, "scale up"),
        (2, "production traffic shift"),
        (3, "bake time"),
    ]
    assert [round(band.x * 0.54, 3) for band in bands] == [0, 4, 44]
    assert [round(band.width * 0.54, 3) for band in bands] == [4, 40, 10]
    assert (bands[0].narrow, bands[0].wide) == ("1", "scale up")


def test_the_judges_verdicts_and_the_last_one_are_marked_where_they_fell() -> None:
    marks = drawn(**rolled_back().to_dict()).marks
    assert [(m.letter, m.words, m.tone, m.x) for m in marks] == [
        ("A", "keep watching", "quiet", 25.0),
        ("B", "roll back", "bad", 75.0),
        ("✕", "rolled back", "bad", 100.0),
    ]


def test_badges_that_would_cover_each_other_get_rows_of_their_own() -> None:
    said = [evidence(1 + n / 100, "hold", "") for n in range(5)]
    marks = drawn(evidence=said, seconds=100).marks
    assert [mark.lane for mark in marks] == [0, 1, 2, None, None]
    assert drawn(evidence=said, seconds=100).mark_lanes == 3


def test_letters_end_with_z() -> None:
    assert (evidence_letter(0), evidence_letter(MOST_MARKS - 1), evidence_letter(MOST_MARKS)) == (
        "A",
        "Z",
        "",
    )


def test_an_hour_of_seconds_is_drawn_with_few_points_and_loses_nothing() -> None:
    every = [sample(at, 10, (5, at % 2, 30)) for at in range(3600)]
    found = drawn(samples=every, release=NEW, seconds=3600)
    assert found.points_together == 9
    assert len(found.panels[1].curves[NEW].split("L")) <= MOST_POINTS
    assert len(found.rows) <= MOST_ROWS
    assert traffic_totals(found.rows)[NEW] == ReleaseTraffic(18_000, 1800, 30)


def test_the_drawing_is_told_in_words() -> None:
    assert drawn(**rolled_back().to_dict()).told == (
        "16.0 s long. The new release's share of the traffic began at 0 %, was 10 % at most and"
        f" ended at 0 %. The release before, {OLD}: 755 requests, 0 failed, p95 33 ms at worst."
        f" The new release, {NEW}: 45 requests, 18 failed, p95 188 ms at worst."
    )


@given(RECEIPTS)
def test_whatever_the_record_holds_lies_within_the_drawing(receipt: dict[str, object]) -> None:
    found = rollout_chart(receipt, BEGAN)
    if found is None:
        return
    assert found.seconds > 0
    assert all(0 <= b.x <= b.x + b.width <= 100 + 1e-6 for b in found.bands)
    assert all(0 <= mark.x <= 100 for mark in found.marks)
    assert all(-1e-6 <= tick.x <= 100 + 1e-6 for tick in found.ticks)
