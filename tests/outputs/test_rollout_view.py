from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.outputs.rollout_samples import samples, totals
from shipway.outputs.rollout_view import RolloutView
from shipway.outputs.summary import Tone

from .any_receipt import SAMPLES
from .made_rollouts import BEGAN, evidence


@given(st.lists(SAMPLES))
def test_what_each_release_got_is_the_sum_of_the_samples(told: list[dict[str, object]]) -> None:
    view = RolloutView()
    for one in told:
        view.sampled(one)
    expected = totals([read for one in told for read in samples([one], 0.0)])
    assert {name: (got.requests, got.failed) for name, got in view.got.items()} == {
        name: (got.requests, got.failed) for name, got in expected.items()
    }


def test_going_back_looks_bad_success_good_and_a_hold_unsure() -> None:
    view = RolloutView()
    stages = ("SCALE_UP", "SUCCEEDED", "ROLLING_BACK", "NEEDS_PERSON")
    lines = [view.staged(BEGAN, stage, "") for stage in stages]
    lines.append(view.judged(evidence(1, "hold", "the traffic is too little")))
    tones = [line.tone for line in lines if line]
    assert tones == [Tone.PLAIN, Tone.GOOD, Tone.BAD, Tone.BAD, Tone.UNSURE]


def test_evidence_without_words_is_no_line() -> None:
    assert RolloutView().judged({}) is None
    line = RolloutView().judged({"sentence": "too few to say"})
    assert line
    assert line.text.strip() == "judge: too few to say"
