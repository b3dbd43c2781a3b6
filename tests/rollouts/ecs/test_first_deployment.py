"""The first release of an environment, and any other where no task runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.cloudwatch import Traffic
from tests.rollouts.ecs.fake_environment import STRATEGIES, Place

from shipway.config.schema import Smoke
from shipway.pipeline.outcome import Verdict

PLACEHOLDER = "busybox"


def new_environment(folder: Path, strategy: str = "canary") -> Place:
    """As `infra apply` leaves it: a service that has to have no task, of what is no release."""
    place = Place(folder, strategy, smoke=(Smoke("/"),))
    place.record = place.open("new")
    place.ecs.desired = 0
    place.ecs.started(0)
    place.first = place.ecs.serve(
        family="shop-production-first",
        containerDefinitions=[{"name": "web", "image": PLACEHOLDER}],
    )
    place.cloudwatch.traffic = Traffic(rate=0.0)
    return place


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_first_deployment_starts_tasks_and_ends_by_itself(
    tmp_path: Path, strategy: str
) -> None:
    place = new_environment(tmp_path, strategy)
    receipt = place.deploy()
    assert receipt.verdict is Verdict.PASSED, receipt.cause
    assert (place.ecs.desired, place.ecs.running()) == (2, 2)
    assert place.serving == place.new.name
    assert "nothing runs in production: 2 tasks are started" in place.text
    assert "health checks and 1 smoke tests decide" in place.text


@pytest.mark.parametrize("strategy", STRATEGIES[1:])
def test_nobody_is_sent_to_where_nothing_runs(tmp_path: Path, strategy: str) -> None:
    place = new_environment(tmp_path, strategy)
    place.deploy()
    (first, *_) = place.asked("update_service")
    assert first["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
    assert {weight for _, weight in place.ecs.deployments[0].shares} == {0.0, 100.0}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_first_release_that_fails_leaves_no_task_behind(tmp_path: Path, strategy: str) -> None:
    place = new_environment(tmp_path, strategy)
    place.web.status = 500
    receipt = place.deploy()
    assert receipt.verdict in (Verdict.ROLLED_BACK, Verdict.FAILED)
    assert "a smoke test failed" in receipt.cause
    assert place.ecs.desired == 0


def test_the_second_deployment_is_a_canary_again(tmp_path: Path) -> None:
    place = new_environment(tmp_path)
    place.deploy(new=place.old)
    place.cloudwatch.traffic = Traffic()
    assert place.deploy().verdict is Verdict.PASSED
    updates = [row for row in place.asked("update_service") if "taskDefinition" in row]
    assert updates[1]["deploymentConfiguration"]["strategy"] == "CANARY"
    assert "desiredCount" not in updates[1]


def test_the_same_release_where_scaling_took_all_tasks_does_not_run_already(tmp_path: Path) -> None:
    place = new_environment(tmp_path)
    place.deploy()
    place.ecs.desired = 0
    place.ecs.started(0)
    receipt = place.deploy()
    assert receipt.verdict is Verdict.PASSED, receipt.cause
    assert (place.ecs.desired, place.ecs.running()) == (2, 2)


def test_going_back_where_scaling_took_all_tasks_starts_some(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.deploy()
    place.ecs.desired = 0
    place.ecs.started(0)
    receipt = place.platform().rollback("", place.listener)
    assert receipt.verdict is Verdict.PASSED
    assert (place.serving, place.ecs.desired) == (place.old.name, 2)


def test_a_service_without_tasks_is_no_success(tmp_path: Path) -> None:
    place = Place(tmp_path, "rolling")
    ended = place.clock.now() + 60.0

    def scaled_away() -> bool:
        if place.clock.now() > ended:
            place.ecs.desired = 0
        return False

    receipt = place.deploy(stopping=scaled_away)
    assert receipt.verdict is Verdict.FAILED
    assert "no task runs: the service has to have none" in receipt.cause


def test_pauses_are_gone_from_the_service_when_a_rollout_is_over(tmp_path: Path) -> None:
    for number, trouble in enumerate((0.0, 0.2)):
        place = Place(tmp_path / str(number))
        place.cloudwatch.traffic = Traffic(errors={place.new.name: trouble})
        place.deploy()
        assert place.ecs.configuration["lifecycleHooks"] == []
        assert place.ecs.configuration["strategy"] == "CANARY"  # the rest stays


def test_pauses_that_cannot_be_taken_off_are_told_and_fail_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)

    def denied() -> bool:
        if place.ecs.deployments:
            place.account.denied.add("update_service")
        return False

    assert place.deploy(stopping=denied).verdict is Verdict.PASSED
    assert "the service could not be left as before" in place.text


def test_the_breaker_of_rolling_does_not_stay_when_the_strategy_changes(tmp_path: Path) -> None:
    place = Place(tmp_path, "rolling")
    place.deploy()
    settings = replace(place.config.environments["production"], strategy="canary")
    place.config.environments["production"] = settings
    place.deploy(new=place.old)
    assert not place.ecs.configuration["deploymentCircuitBreaker"]["enable"]


def test_a_task_definitions_tags_go_on_with_the_next_revision(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ours = {"key": "cost-centre", "value": "4711"}
    place.ecs.tags[place.first] = [ours, {"key": "aws:cloudformation:stack-name", "value": "x"}]
    place.deploy()
    (registered,) = place.asked("register_task_definition")
    assert registered["tags"] == [ours]


def test_a_thousand_tasks_are_read_over_their_pages(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.ecs.desired = 1000
    place.ecs.started(1000)
    place.ecs.page = 37
    assert len(place.platform().status()["instances"]) == 1000


def test_a_deployment_is_seen_however_short_the_pages_are(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.ecs.page = 1
    for _ in range(3):
        assert place.deploy().verdict is Verdict.PASSED
        place.old, place.new = place.new, place.old
