"""What one rollout's judge is told, and remembers."""

from __future__ import annotations

import pytest

from shipway.config.schema import Environment
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.rollout_analysis import RolloutAnalysis, TrafficSample
from shipway.rollouts.analysis.window import Decision, RequestCounts

SETTINGS = Environment(strategy="blue-green")


def answered(requests: int, ms: float, errors: int = 0) -> RequestCounts:
    """Requests that took between `ms` and twice that, evenly."""
    below = {edge: int(requests * min(1.0, max(0.0, edge / ms - 1.0))) for edge in EDGES}
    return RequestCounts(requests, errors, below)


def switched(judging: RolloutAnalysis, new: RequestCounts, seconds: int = 6) -> Decision:
    """What is decided after so many seconds of all requests for the new release."""
    for second in range(seconds):
        judging.observe(TrafficSample(second, 1.0, {"new": new, "old": RequestCounts()}), 100)
    return judging.decision


@pytest.mark.parametrize(
    ("new", "decision"),
    [
        (answered(60, 80.0), Decision.CONTINUE),
        (answered(60, 160.0), Decision.ROLL_BACK),
        (answered(60, 80.0, 3), Decision.CONTINUE),
        (answered(60, 80.0, 12), Decision.ROLL_BACK),
    ],
    ids=["as good", "slower", "fails as often", "fails more often"],
)
def test_after_a_switch_the_time_before_the_rollout_is_the_measure(
    new: RequestCounts, decision: Decision
) -> None:
    judging = RolloutAnalysis(SETTINGS, "new", "old")
    judging.seed_baseline({"old": answered(500_000, 80.0, 25_000)})
    assert switched(judging, new) is decision


def test_of_the_time_before_only_a_part_is_remembered() -> None:
    judging = RolloutAnalysis(SETTINGS, "new", "old")
    judging.seed_baseline({"old": answered(500_000, 800.0)})
    for second in range(600):
        judging.observe(TrafficSample(second, 1.0, {"old": answered(60, 80.0)}), 0)
    assert switched(judging, answered(60, 160.0)) is Decision.ROLL_BACK


def test_a_first_release_has_no_time_before() -> None:
    judging = RolloutAnalysis(SETTINGS, "new", "")
    judging.seed_baseline({"new": answered(100, 80.0)})
    assert switched(judging, answered(60, 160.0)) in (Decision.CONTINUE, Decision.PROMOTE)
    assert "no baseline" in judging.sentence


def test_a_minute_in_which_the_shares_changed_is_not_judged() -> None:
    judging = RolloutAnalysis(Environment(strategy="canary"), "new", "old")
    outage = {"new": answered(60, 80.0, 30), "old": answered(540, 80.0)}  # it came later
    judging.observe(TrafficSample(60.0, 60.0, {"old": answered(600, 80.0)}), 0)
    assert judging.observe(TrafficSample(120.0, 60.0, outage), 10) is None
    assert judging.last is None
    for minute in (3, 4):
        judging.observe(TrafficSample(60.0 * minute, 60.0, outage), 10)
    assert judging.decision is Decision.ROLL_BACK
