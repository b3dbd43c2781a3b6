from __future__ import annotations

from dataclasses import replace

import pytest

from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult, StepResult
from shipway.reports.timeline import MOST_BARS, critical_path, ticks, timeline

from .sample_runs import STARTED, passed_run, run


def ran(name: str, start: float, seconds: float, *needs: str) -> StepResult:
    return StepResult(
        step=name,
        stage="test",
        outcome=Outcome.PASSED,
        started=STARTED + start,
        seconds=seconds,
        needs=needs,
    )


def lanes(finished: RunResult) -> dict[str, int]:
    return {bar.step.step: bar.lane for bar in timeline(finished).bars}


def test_steps_that_ran_at_once_lie_in_different_lanes() -> None:
    assert lanes(run(ran("a", 0, 2), ran("b", 1, 2))) == {"a": 0, "b": 1}


def test_a_lane_is_used_again_when_its_step_has_ended() -> None:
    assert lanes(run(ran("a", 0, 1), ran("b", 0.5, 3), ran("c", 1, 1))) == {"a": 0, "b": 1, "c": 0}


def test_a_bar_begins_and_is_as_long_as_its_step_in_per_cent() -> None:
    finished = replace(run(ran("a", 1, 2)), seconds=4.0)
    [bar] = timeline(finished).bars
    assert (bar.x, bar.width) == (25.0, 50.0)


def test_cached_steps_are_named_and_not_drawn() -> None:
    drawn = timeline(passed_run())
    assert [step.step for step in drawn.cached] == ["ruff", "ruff-format"]
    assert not {"ruff", "ruff-format"} & {bar.step.step for bar in drawn.bars}


def test_the_critical_path_is_the_chain_that_took_longest() -> None:
    steps = (ran("a", 0, 1), ran("b", 0, 3), ran("c", 3, 2, "a", "b"), ran("d", 1, 1, "a"))
    assert [step.step for step in critical_path(steps)] == ["b", "c"]
    drawn = timeline(run(*steps))
    assert {bar.step.step for bar in drawn.bars if bar.critical} == {"b", "c"}
    assert drawn.critical_seconds == 5


def test_a_short_step_that_waited_for_a_core_is_not_the_critical_path() -> None:
    steps = (ran("tests", 0, 90), ran("lint", 90, 1), ran("deploy", 91, 2, "tests", "lint"))
    assert [step.step for step in critical_path(steps)] == ["tests", "deploy"]


def test_a_cycle_in_the_needs_does_not_hang() -> None:
    assert len(critical_path([ran("a", 0, 1, "b"), ran("b", 0, 2, "a")])) == 2


@pytest.mark.parametrize("span", [0.004, 0.3, 1.0, 7.3, 25.3, 61.0, 4000.0])
def test_the_axis_has_few_round_marks_within_the_picture(span: float) -> None:
    marks = ticks(span)
    assert 3 <= len(marks) <= 7
    assert marks[0].text == "0 s"
    assert all(0 <= mark.x <= 100.0001 for mark in marks)


def test_labels_shrink_to_numbers_and_to_nothing_where_a_bar_is_narrow() -> None:
    steps = (ran("performance", 0, 90), ran("short", 90, 3), ran("x", 93, 0.1))
    bars = timeline(replace(run(*steps), seconds=100.0)).bars
    assert [(bar.narrow, bar.wide) for bar in bars] == [
        ("performance", "performance"),
        ("", "2"),
        ("", ""),
    ]


def test_a_failed_bar_is_marked_by_more_than_its_colour() -> None:
    failed = replace(ran("unit", 0, 4), outcome=Outcome.FAILED)
    assert timeline(run(failed)).bars[0].wide == "✕ unit"


def test_of_thousands_of_steps_the_longest_are_drawn_and_the_rest_counted() -> None:
    drawn = timeline(run(*(ran(f"s{n}", n, 1 + n) for n in range(MOST_BARS + 5))))
    assert len(drawn.bars) == MOST_BARS
    assert drawn.left_off == 5


def test_a_run_that_took_no_time_is_an_empty_picture() -> None:
    drawn = timeline(replace(run(), seconds=0.0))
    assert (drawn.bars, drawn.lanes, drawn.critical) == ((), 0, ())
