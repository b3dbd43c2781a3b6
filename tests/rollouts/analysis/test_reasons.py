"""A judgement's sentence never contradicts its own figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.judge import initial_state, observe, observe_baseline
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.window import AnalysisWindow, Decision, Judgement, RequestCounts

COMPARED = re.compile(
    r"candidate (?:fails|is above .*? in) (?P<ours>[\d.]+) % of [\d,]+ requests"
    r"(?:, baseline(?: in)? (?P<theirs>[\d.]+) % of"
    r"|; no baseline, only the limit of (?P<limit>[\d.]+) %"
    r"|, baseline before in at most (?P<allowed>[\d.]+) %)"
)
EXPECTED = re.compile(r"in (?P<count>[\d,]+) of [\d,]+ requests, where about (?P<about>[\d.,]+) ")


@dataclass(frozen=True)
class Phase:
    """Windows of a second that are alike. slow: of a thousand requests, those above 300 ms."""

    windows: int
    candidate: int
    candidate_errors: int
    baseline: int
    baseline_errors: int
    slow: int = 0
    alone: bool = False
    probes: tuple[int, int, int, int] = (0, 0, 0, 0)  # candidate, errors, baseline, errors
    hanging: int = 0  # requests that the candidate gets besides, and never answers


def counts(requests: int, errors: int, slow: int) -> RequestCounts:
    fast = requests - requests * slow // 1000
    return RequestCounts(
        requests, errors, {edge: requests if edge > 300 else fast for edge in EDGES if edge > 20}
    )


def judgements(
    phases: Sequence[Phase], judge_settings: JudgeSettings | None = None, errors_before: int = 4
) -> list[Judgement]:
    """What the judge says after each window; errors_before: of 400 requests of the baseline."""
    state = observe_baseline(initial_state(judge_settings), 10.0, counts(400, errors_before, 50))
    said = []
    for phase in phases:
        for _ in range(phase.windows):
            ours = counts(phase.candidate, phase.candidate_errors, phase.slow)
            theirs = counts(phase.baseline, phase.baseline_errors, 50)
            ours = replace(ours, sent=ours.requests + phase.hanging)
            theirs = replace(theirs, sent=theirs.requests)
            tried = (counts(*phase.probes[:2], 50), counts(*phase.probes[2:], 50))
            window = AnalysisWindow(1.0, ours, theirs, phase.alone, *tried)
            state, judgement = observe(state, window)
            said.append(judgement)
    return said


def contradiction(judgement: Judgement) -> str:
    """How the sentence's figures contradict what it concludes; "" where they do not."""
    sentence = judgement.sentence
    if "chance of that" not in sentence:
        return ""
    if (match := EXPECTED.search(sentence)) is not None:
        count, about = (float(match[name].replace(",", "")) for name in ("count", "about"))
        return "" if count > about else sentence
    if (match := COMPARED.search(sentence)) is None:
        return f"no figures: {sentence}"
    other = match["theirs"] or match["limit"] or match["allowed"]
    return "" if float(match["ours"]) > float(other) else sentence


@st.composite
def phases(draw: st.DrawFn) -> list[Phase]:
    drawn = []
    for _ in range(draw(st.integers(1, 4))):
        ours, theirs = draw(st.integers(1, 60)), draw(st.integers(0, 60))
        drawn.append(
            Phase(
                draw(st.integers(1, 40)),
                ours,
                draw(st.integers(0, ours)),
                theirs,
                draw(st.integers(0, theirs)),
                draw(st.sampled_from([0, 50, 400])),
                draw(st.booleans()),
                draw(st.sampled_from([(0, 0, 0, 0), (9, 4, 1, 0), (2, 0, 30, 9), (5, 5, 0, 0)])),
                draw(st.sampled_from([0, 0, 1, 20])),
            )
        )
    return drawn


@given(phases(), st.booleans())
@settings(max_examples=300)
def test_what_speaks_against_a_release_is_worse_by_the_figures_that_are_named(
    drawn: list[Phase], sticky: bool
) -> None:
    said = judgements(drawn, JudgeSettings(sticky=sticky))
    assert [text for text in map(contradiction, said) if text] == []


def test_a_release_that_became_worse_is_described_by_the_time_since_then() -> None:
    said = judgements([Phase(60, 50, 1, 50, 20), Phase(60, 50, 30, 50, 20)], errors_before=160)
    rolled_back = next(one for one in said if one.decision is Decision.ROLL_BACK)
    assert re.search(r"in the last \d+ s the candidate fails 60 % of", rolled_back.sentence)
    assert "baseline 40 % of" in rolled_back.sentence


def test_an_overload_that_fails_requests_of_both_is_told_as_one() -> None:
    said = judgements([Phase(60, 50, 9, 50, 9), Phase(60, 50, 16, 50, 9)], errors_before=72)
    rolled_back = next(one for one in said if one.decision is Decision.ROLL_BACK)
    assert "both fail more than 1 %: overload, or something that they share" in rolled_back.sentence


def test_a_candidate_alone_under_overload_is_compared_with_the_limit_and_not_with_the_past() -> (
    None
):
    said = judgements([Phase(30, 50, 9, 50, 9), Phase(60, 100, 60, 0, 0, alone=True)])
    rolled_back = next(one for one in said if one.decision is Decision.ROLL_BACK)
    assert "candidate fails 60 % of" in rolled_back.sentence
    assert "baseline before in at most 2" in rolled_back.sentence
    assert "the baseline failed 18 % before: overload" in rolled_back.sentence


def test_a_candidate_alone_fails_no_more_than_half_again_what_the_baseline_failed() -> None:
    said = judgements([Phase(30, 50, 9, 50, 9), Phase(60, 100, 24, 0, 0, alone=True)])
    assert {one.decision for one in said} == {Decision.CONTINUE}


def test_a_candidate_that_alone_fails_is_no_overload() -> None:
    said = judgements([Phase(60, 50, 20, 50, 0)])
    rolled_back = next(one for one in said if one.decision is Decision.ROLL_BACK)
    assert "overload" not in rolled_back.sentence
