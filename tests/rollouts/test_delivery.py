from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.pipeline.outcome import Verdict
from shipway.rollouts.delivery import delivery_metrics, rollback_numbers
from shipway.rollouts.report import RolloutRecord, RolloutReport

DAY = 86_400.0
NOW = 1_790_000_000.0


def rollout(
    number: int, release: str, day: float, seconds: float, verdict: str = "passed"
) -> RolloutRecord:
    """day: how many days ago it began."""
    started = NOW - day * DAY
    report = RolloutReport(
        environment="prod",
        release=release,
        before="",
        verdict=Verdict.PASSED,
        started=started,
        seconds=seconds,
        address="",
    )
    return RolloutRecord(
        number=number,
        release=release,
        digest=f"sha-{release}",
        started=started,
        verdict=verdict,
        report=report,
    )


# A month, by hand:
#   day 40  1.0 is deployed: before the month
#   day 28  1.1 is deployed in 100 s; committed 1,900 s before it began: lead time 2,000 s
#   day 21  1.2 goes back by itself after 60 s: failed, restored after 60 s
#   day 20  1.3 is deployed in 100 s; committed 3,900 s before: 4,000 s
#   day 20 less 700 s: back to 1.1 in 200 s: 1.3 had served for 600 s, and 200 s more: 800 s
#   day 10  1.4 is deployed in 100 s; committed 5,900 s before: 6,000 s
#   day 3   1.5 is not at its end: it counts nowhere
MONTH = [
    rollout(1, "1.0", 40, 100),
    rollout(2, "1.1", 28, 100),
    rollout(3, "1.2", 21, 60, "rolled back"),
    rollout(4, "1.3", 20, 100),
    rollout(5, "1.1", 20 - 700 / DAY, 200),
    rollout(6, "1.4", 10, 100),
    rollout(7, "1.5", 3, 0, "unfinished"),
]
COMMITTED = {
    "1.1": NOW - 28 * DAY - 1_900,
    "1.3": NOW - 20 * DAY - 3_900,
    "1.4": NOW - 10 * DAY - 5_900,
}


def test_the_four_keys_of_a_month_are_those_computed_by_hand() -> None:
    metrics = delivery_metrics(MONTH[::-1], COMMITTED, NOW, 30)
    assert (metrics.deployments, metrics.attempts, metrics.failed) == (3, 4, 2)
    assert round(metrics.per_week, 3) == 0.7  # 3 in 30 days
    assert metrics.lead_time is not None and round(metrics.lead_time) == 4_000
    assert metrics.failure_rate == 50
    assert metrics.recovery_time is not None and round(metrics.recovery_time) == 430  # 60 and 800
    assert metrics.rollbacks == 1


def test_a_first_release_that_failed_is_restored_by_the_next_good_one() -> None:
    """Nothing served before it, so that nothing served again when it had gone."""
    first = rollout(1, "1.0", 2, 60, "rolled back")
    alone = delivery_metrics([first], {}, NOW, 30)
    assert (alone.failed, alone.failure_rate, alone.recovery_time) == (1, 100.0, None)
    mended = delivery_metrics([first, rollout(2, "1.1", 1, 100)], {}, NOW, 30)
    assert (mended.failed, mended.recovery_time) == (1, DAY + 100)


def test_going_back_is_told_from_deploying() -> None:
    assert rollback_numbers(MONTH) == {5}


def test_the_same_release_again_is_no_rollback() -> None:
    assert rollback_numbers([rollout(1, "1.0", 3, 1), rollout(2, "1.0", 2, 1)]) == frozenset()


def test_of_nothing_nothing_is_known() -> None:
    metrics = delivery_metrics([], {}, NOW, 30)
    assert (metrics.deployments, metrics.per_week) == (0, 0)
    assert metrics.lead_time is metrics.failure_rate is metrics.recovery_time is None


VERDICTS = st.sampled_from(["passed", "rolled back", "failed", "unfinished", "unknown"])
EVENTS = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 60), VERDICTS), max_size=12)


@given(EVENTS)
def test_shares_are_shares_and_what_did_not_end_counts_nowhere(
    events: list[tuple[str, float, str]],
) -> None:
    events = sorted(events, key=lambda event: -event[1])
    past = [rollout(n, r, day, 60, v) for n, (r, day, v) in enumerate(events, 1)]
    metrics = delivery_metrics(past, {}, NOW, 30)
    ended = [r for r in past if r.verdict in ("passed", "rolled back", "failed")]
    assert metrics == delivery_metrics(ended, {}, NOW, 30)
    assert 0 <= metrics.failed <= metrics.attempts <= len(ended)
    assert metrics.failure_rate is None or 0 <= metrics.failure_rate <= 100
    assert metrics.recovery_time is None or metrics.recovery_time >= 0
