"""Minutes and storage of runs."""

from __future__ import annotations

import pytest

from shipway.config.tables import Usage
from shipway.cost.ci import RunCost, ci_estimate, ci_use, run_cost
from shipway.cost.prices import PRICES
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult

DAY = 86_400.0
LOG, PAGE = "a" * 64, "b" * 64


def step(stage: str, started: float, seconds: float, **more: object) -> StepResult:
    return StepResult(
        **{
            "step": "x",
            "stage": stage,
            "outcome": Outcome.PASSED,
            "started": started,
            "seconds": seconds,
            **more,
        }
    )  # type: ignore[arg-type]


def test_minutes_are_rounded_up_for_each_stage_because_each_is_a_job() -> None:
    steps = [
        step("quality", 0, 30),
        step("quality", 20, 41),
        step("test", 100, 59),
        step("quality", 30, 5),
    ]
    assert run_cost(0.0, steps, {}).minutes == 2 + 1


def test_what_did_not_run_takes_no_minutes() -> None:
    steps = [
        step("quality", 0, 300, outcome=outcome)
        for outcome in (Outcome.CACHED, Outcome.SKIPPED, Outcome.UPSTREAM_FAILED, Outcome.ERROR)
    ]
    assert run_cost(0.0, steps, {}).minutes == 0


def test_each_stored_content_counts_once_and_what_is_gone_has_no_size() -> None:
    steps = [
        step("test", 0, 1, log=LOG, reports={"page": PAGE, "gone": "c" * 64}),
        step("test", 0, 1, log=LOG),
    ]
    assert run_cost(0.0, steps, {LOG: 100, PAGE: 1000}).bytes == 1100


def test_runs_of_several_days_say_how_often_they_come() -> None:
    use = ci_use([RunCost(DAY * day, 10, 2_000_000) for day in range(11)])
    assert use is not None
    assert use.runs_a_month == pytest.approx(365 / 12)
    assert (use.minutes, use.bytes) == (10, 2_000_000)


def test_runs_of_one_day_do_not_say_how_often_they_come() -> None:
    use = ci_use([RunCost(0, 10, 0), RunCost(DAY / 2, 20, 0)])
    assert use is not None
    assert use.runs_a_month is None
    assert ci_estimate(use, Usage(), 14, PRICES).usd == 0
    assert ci_use([]) is None


def test_only_minutes_beyond_the_plan_are_paid_for() -> None:
    use = ci_use([RunCost(DAY * day, 100, 10_000_000) for day in range(11)])
    assert use is not None
    month = 365 / 12 * 100
    found = {one.name: one for one in ci_estimate(use, Usage(ci_minutes=2000), 14, PRICES).lines}
    assert found["ci-minute"].quantity == pytest.approx(month - 2000)
    assert found["ci-storage"].quantity == pytest.approx(14 * 0.01)  # GB of fourteen days
    enough = ci_estimate(use, Usage(ci_minutes=50_000), 14, PRICES)
    assert [one.name for one in enough.lines] == ["ci-storage"]
