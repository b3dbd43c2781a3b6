from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.reports.console_lines import Style
from shipway.reports.rollout_console import RolloutView
from shipway.reports.rollout_samples import chart_samples, traffic_totals

from .any_report import SAMPLES
from .sample_rollouts import BEGAN, evidence


@given(st.lists(SAMPLES))
def test_what_each_release_got_is_the_sum_of_the_samples(told: list[dict[str, object]]) -> None:
    view = RolloutView()
    for one in told:
        view.on_sample(one)
    expected = traffic_totals([read for one in told for read in chart_samples([one], 0.0)])
    assert {name: (got.requests, got.failed) for name, got in view.got.items()} == {
        name: (got.requests, got.failed) for name, got in expected.items()
    }


def test_going_back_looks_bad_success_good_and_a_hold_unsure() -> None:
    view = RolloutView()
    stages = ("SCALE_UP", "SUCCEEDED", "ROLLING_BACK", "NEEDS_PERSON")
    lines = [view.on_stage(BEGAN, stage, "") for stage in stages]
    lines.append(view.on_judgement(evidence(1, "hold", "the traffic is too little")))
    tones = [line.tone for line in lines if line]
    assert tones == [Style.PLAIN, Style.GOOD, Style.BAD, Style.BAD, Style.UNSURE]


def test_evidence_without_words_is_no_line() -> None:
    assert RolloutView().on_judgement({}) is None
    line = RolloutView().on_judgement({"sentence": "too few to say"})
    assert line
    assert line.text.strip() == "judge: too few to say"
