"""What CloudWatch counts of both releases: late, with holes, and what no target answered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.cloudwatch import Traffic
from tests.rollouts.ecs.fake_environment import Place

from shipway.config.tables import JudgeSettings
from shipway.pipeline.outcome import Verdict


def shifted_for(place: Place) -> float:
    """Minutes from the candidate's first request until ECS took them away again."""
    shares = place.ecs.deployments[0].shares
    first = next(at for at, weight in shares if weight > 0)
    return (next(at for at, weight in shares if at > first and weight == 0) - first) / 60.0


@pytest.mark.parametrize(("share", "within"), [(0.05, 6.0), (0.3, 4.0)])
@pytest.mark.parametrize("strategy", ["canary", "linear", "blue-green"])
def test_what_the_load_balancer_answers_in_the_candidates_place_rolls_it_back(
    tmp_path: Path, strategy: str, share: float, within: float
) -> None:
    place = Place(tmp_path, strategy, bake=600.0)
    place.cloudwatch.traffic = Traffic(lost={place.new.name: share})
    receipt = place.deploy()
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert receipt.cause.startswith("the judge rolled it back: candidate fails")
    assert "had no answer after 1 s" in receipt.cause
    ours = receipt.releases[place.new.name]
    lost = share * ours["requests"]
    under_way = ours["requests"] / 60  # a last second's: whether they are lost is not known yet
    assert lost - under_way - 1 <= ours["failed"] <= lost + 1
    assert shifted_for(place) <= within


def test_a_candidate_that_answers_nothing_has_traffic_and_goes_back(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.cloudwatch.traffic = Traffic(lost={place.new.name: 1.0})
    receipt = place.deploy()
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "no request" not in receipt.cause
    assert receipt.releases[place.new.name]["failed"] > 0
    assert shifted_for(place) <= 4.0


def test_what_both_releases_lose_alike_is_no_fault_of_the_candidate(tmp_path: Path) -> None:
    place = Place(tmp_path, judge=JudgeSettings(error_limit=0.02))
    place.cloudwatch.traffic = Traffic(lost={place.new.name: 0.001, place.old.name: 0.001})
    assert place.deploy().verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "metric",
    [
        "RequestCount",
        "HTTPCode_Target_2XX_Count",
        "HTTPCode_Target_5XX_Count",
        "TargetResponseTime",
    ],
)
@pytest.mark.parametrize("late", [25.0, 55.0])
def test_a_metric_that_comes_later_than_the_others_is_no_error(
    tmp_path: Path, metric: str, late: float
) -> None:
    place = Place(tmp_path)
    place.cloudwatch.traffic = Traffic(late={metric: late})
    receipt = place.deploy()
    assert receipt.verdict is Verdict.PASSED, receipt.cause
    assert {row["failed"] for row in receipt.releases.values()} == {0}


def test_a_late_metric_hides_no_error(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.cloudwatch.traffic = Traffic(
        errors={place.new.name: 0.2}, late={"HTTPCode_Target_5XX_Count": 55.0}
    )
    assert place.deploy().verdict is Verdict.ROLLED_BACK


def test_a_hole_of_some_minutes_is_waited_for_and_counted(tmp_path: Path) -> None:
    place = Place(tmp_path)
    began = place.clock.now() // 60 * 60
    holes = {began + 60.0 * minute: 150.0 for minute in (3, 4)}
    place.cloudwatch.traffic = Traffic(holes=holes)
    receipt = place.deploy()
    assert receipt.verdict is Verdict.PASSED, receipt.cause
    assert all(
        sum(figures["requests"] for figures in row["releases"].values()) > 0
        for row in receipt.samples
    )


def test_minutes_are_asked_for_again_until_they_settle_and_not_for_ever(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.deploy()
    asked = place.asked("get_metric_data")
    minutes = {(row["StartTime"], row["EndTime"]) for row in asked}
    assert len(asked) <= 2 * (len(minutes) + 4) * 2


def test_figures_of_the_applications_own_need_no_answers(tmp_path: Path) -> None:
    place = Place(tmp_path, "rolling")
    settings = place.config.environments["production"]
    ecs = replace(settings.ecs, metrics_namespace="Shop")
    place.config.environments["production"] = replace(settings, ecs=ecs, batch=1)
    place.ecs.desired = 12
    receipt = place.deploy()
    assert receipt.verdict is Verdict.PASSED
    assert {row["failed"] for row in receipt.releases.values()} <= {0}
