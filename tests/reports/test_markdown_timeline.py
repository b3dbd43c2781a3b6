from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shipway.pipeline.outcome import Outcome
from shipway.reports.markdown import MOST_STEPS, markdown_report, timeline_lines

from .sample_runs import HOSTILE, result, run


def bars(*spans: tuple[float, float]) -> list[str]:
    steps = [
        replace(result(f"s{number}"), started=1000 + start, seconds=seconds)
        for number, (start, seconds) in enumerate(spans)
    ]
    lines = [line for line in timeline_lines(run(*steps), 40) if line.startswith("| <code>")]
    return [line.rpartition("<code>")[2].partition("</code>")[0] for line in lines]


def test_a_bar_is_where_its_step_was() -> None:
    assert bars((0, 12), (12, 12)) == ["█" * 12 + "·" * 12, "·" * 12 + "█" * 12]


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)), min_size=1, max_size=10))
def test_every_bar_is_as_long_as_the_run_and_has_a_mark(spans: list[tuple[float, float]]) -> None:
    for bar in bars(*spans):
        assert len(bar) == 24
        assert "█" in bar


def test_what_did_not_run_has_no_bar() -> None:
    assert list(timeline_lines(run(result("x", Outcome.CACHED)), 40)) == []
    assert list(timeline_lines(run(), 40)) == []


def test_a_long_run_is_cut_and_says_so() -> None:
    lines = list(timeline_lines(run(*(result(f"s{n}") for n in range(MOST_STEPS + 2))), 40))
    assert "And 2 more steps, in the report." in lines


def test_it_is_part_of_the_summary_and_a_name_is_only_a_name() -> None:
    text = markdown_report(run(result(HOSTILE)))
    assert "<details><summary>Timeline of 1 step</summary>" in text
    assert "<script>" not in text
