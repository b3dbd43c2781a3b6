"""Pauses, holds and the commands of people and of other machines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.cloudwatch import Traffic
from tests.fakes.load_balancer import DNS
from tests.rollouts.ecs.fake_environment import SHIFTING, Place, release

from shipway.config.schema import Pause, Smoke
from shipway.config.tables import JudgeSettings
from shipway.errors import Busy, ConfigError
from shipway.pipeline.outcome import Verdict


def quiet(place: Place) -> None:
    """Nobody asks for anything."""
    place.cloudwatch.traffic = Traffic(rate=0.0)


@pytest.mark.parametrize("strategy", SHIFTING)
def test_without_requests_the_judge_holds_and_a_person_goes_on(
    tmp_path: Path, strategy: str
) -> None:
    place = Place(tmp_path, strategy)
    quiet(place)
    receipt = place.deploy()
    assert receipt.verdict is Verdict.ACTION_REQUIRED
    assert "the judge holds it: no request reached the candidate" in receipt.cause
    assert "shipway resume production" in receipt.remedy
    assert "Unanswered, ECS goes back by itself in" in receipt.remedy
    place.cloudwatch.traffic = Traffic()
    assert place.platform().unfinished is not None
    receipt = place.platform().resume(place.listener)
    assert (receipt.verdict, receipt.cause) == (Verdict.PASSED, "")
    assert place.serving == place.new.name


def test_a_hold_is_undone_by_cancel(tmp_path: Path) -> None:
    place = Place(tmp_path)
    quiet(place)
    assert place.deploy().verdict is Verdict.ACTION_REQUIRED
    receipt = place.platform().cancel(place.listener)
    assert (receipt.verdict, receipt.cause) == (Verdict.ROLLED_BACK, "somebody stopped it")
    assert place.serving == place.old.name
    assert place.asked("continue_service_deployment")[-1]["action"] == "ROLLBACK"


def test_a_hold_that_nobody_answers_goes_back_by_itself(tmp_path: Path) -> None:
    place = Place(tmp_path)
    quiet(place)
    assert place.deploy().verdict is Verdict.ACTION_REQUIRED
    place.clock.time += 7200.0
    receipt = place.platform().resume(place.listener)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "nobody answered a pause in time" in receipt.cause


def test_no_data_goes_back_where_that_is_configured(tmp_path: Path) -> None:
    place = Place(tmp_path, judge=JudgeSettings(on_hold="roll back"))
    quiet(place)
    receipt = place.deploy()
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "rolled back, as configured" in receipt.cause


def test_unjudged_time_alone_decides(tmp_path: Path) -> None:
    place = Place(tmp_path, judged=False, step_bake=300.0, bake=120.0)
    quiet(place)
    began = place.clock.now()
    assert place.deploy().verdict is Verdict.PASSED
    assert place.clock.now() - began > 420.0


def pausing(stage: str, timeout: float, then: str) -> dict[str, Pause]:
    return {stage: Pause(timeout, then)}  # type: ignore[arg-type]  # a parameter's text


@pytest.mark.parametrize("stage", ("POST_SCALE_UP", "PRE_PRODUCTION_TRAFFIC_SHIFT"))
@pytest.mark.parametrize(
    ("then", "verdict"), [("roll back", Verdict.ROLLED_BACK), ("continue", Verdict.PASSED)]
)
def test_a_persons_pause_ends_as_configured(
    tmp_path: Path, stage: str, then: str, verdict: Verdict
) -> None:
    place = Place(tmp_path, pauses=pausing(stage, 600.0, then))
    receipt = place.deploy()
    assert receipt.verdict is verdict
    assert f"paused at {stage}. Go on: shipway resume production" in place.text


def test_another_command_answers_a_persons_pause(tmp_path: Path) -> None:
    place = Place(tmp_path, pauses=pausing("POST_SCALE_UP", 3000.0, "roll back"))
    began = place.clock.now()

    def another() -> bool:
        hook = next(iter(place.ecs.deployments[-1].hooks), None)
        if hook and hook.status == "AWAITING_ACTION" and place.clock.now() > began + 200.0:
            arn = place.ecs.deployments[-1].arn
            place.account.client("ecs").continue_service_deployment(
                serviceDeploymentArn=arn, hookId=hook.identity
            )
        return False

    assert place.deploy(stopping=another).verdict is Verdict.PASSED


@pytest.mark.parametrize("strategy", SHIFTING)
def test_a_smoke_test_that_fails_in_production_goes_back(tmp_path: Path, strategy: str) -> None:
    place = Place(tmp_path, strategy, smoke=(Smoke("/"),))
    place.web.status = 500
    receipt = place.deploy()
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "a smoke test failed: / answered 500 instead of 200" in receipt.cause
    assert place.web.asked == [f"http://{DNS}/"]


def test_smoke_tests_come_by_the_test_listener_first(tmp_path: Path) -> None:
    place = Place(tmp_path, smoke=(Smoke("/"),), test_port=8443)
    place.web.silent = True
    receipt = place.deploy()
    assert place.web.asked == [f"http://{DNS}:8443/"]
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "nobody answers" in receipt.cause


def test_after_a_rolling_deployment_a_failed_smoke_test_says_how_to_go_back(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path, "rolling", smoke=(Smoke("/"),))
    place.web.status = 500
    receipt = place.deploy()
    assert receipt.verdict is Verdict.FAILED
    assert "it is deployed, and a smoke test failed" in receipt.cause
    assert receipt.remedy == "Go back: shipway rollback production."


def test_ctrl_c_goes_back(tmp_path: Path) -> None:
    place = Place(tmp_path)
    until = place.clock.now() + 100.0
    interrupted: list[float] = []

    def stopping() -> bool:
        if place.clock.now() > until and not interrupted:
            interrupted.append(place.clock.now())
            raise KeyboardInterrupt
        return False

    receipt = place.deploy(stopping)
    assert (receipt.verdict, receipt.cause) == (Verdict.ROLLED_BACK, "it was interrupted")
    assert place.serving == place.old.name


def test_what_stands_in_the_way_is_listed_and_nothing_is_changed(tmp_path: Path) -> None:
    from tests.rollouts.ecs.fake_environment import Obstacle

    from shipway.rollouts.ecs.platform import PreflightFailed

    place = Place(tmp_path)
    place.obstacles = [
        Obstacle("the secret shop/production/KEY does not exist.", "Make it: shipway secret set."),
        Obstacle("two", "b"),
    ]
    with pytest.raises(
        PreflightFailed, match="2 things are not ready; nothing was changed"
    ) as caught:
        place.deploy()
    assert caught.value.exit_code == 1
    assert "shipway secret set" in caught.value.message
    changing = {"update_service", "register_task_definition", "put_object"}
    assert not changing & {operation for _, operation, _ in place.account.asked}
    assert len(place.record.rollouts("production")) == 1  # only what was there before


def test_the_migration_comes_before_traffic_and_decides(tmp_path: Path) -> None:
    place = Place(tmp_path)
    application = replace(place.config.application, migrate="flask db upgrade", seed="flask seed")
    place.config = replace(place.config, application=application)
    place.migration.code = 1
    place.migration.reason, place.migration.lines = "exit code 1", ("the column exists already",)
    receipt = place.deploy()
    assert receipt.verdict is Verdict.FAILED
    assert receipt.cause == "`flask db upgrade` failed: exit code 1"
    assert receipt.log == ("the column exists already",)
    assert "one-off task: flask db upgrade" in [one["text"] for one in receipt.timeline]
    assert "Nothing was moved" in receipt.remedy
    assert not place.asked("update_service")
    place.migration.remedy = "Look at its role: shipway infra apply ENV."
    assert place.deploy().remedy == (
        "Nothing was moved. Look at its role: shipway infra apply production."
    )
    place.migration.code = 0
    assert place.deploy().verdict is Verdict.PASSED
    assert place.migrated == [["flask", "db", "upgrade"]] * 3  # it was seeded long ago
    back = place.platform().rollback("", place.listener)
    assert back.verdict is Verdict.PASSED
    assert len(place.migrated) == 3


def test_what_runs_already_is_left_as_it_is_until_its_settings_change(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.deploy().verdict is Verdict.PASSED
    again = place.deploy()
    assert again.verdict is Verdict.PASSED
    assert len(place.ecs.deployments) == 1
    assert "runs already" in place.text
    settings = place.config.environments["production"]
    place.config.environments["production"] = replace(settings, env={"LEVEL": "debug"})
    assert place.deploy().verdict is Verdict.PASSED
    assert len(place.ecs.deployments) == 2


def test_a_deployment_of_somebody_else_is_not_interfered_with(tmp_path: Path) -> None:
    place = Place(tmp_path)
    quiet(place)
    assert place.deploy().verdict is Verdict.ACTION_REQUIRED
    other = place.platform(place.open("elsewhere"))
    with pytest.raises(Busy, match=r"another rollout goes on in production: of 2\.0"):
        other.deploy(release("3.0"), place.listener)


def test_another_machine_can_undo_what_this_one_began(tmp_path: Path) -> None:
    place = Place(tmp_path)
    quiet(place)
    assert place.deploy().verdict is Verdict.ACTION_REQUIRED
    other = place.platform(place.open("elsewhere"))
    status = other.status()
    assert status["rollout"]["release"] == place.new.name
    assert status["rollout"]["weight"] == 10.0
    receipt = other.cancel(place.listener)
    assert (receipt.verdict, receipt.release) == (Verdict.ROLLED_BACK, place.new.name)
    assert place.serving == place.old.name


@pytest.mark.parametrize("command", ("resume", "cancel"))
def test_where_nothing_is_unfinished_there_is_nothing_to_answer(
    tmp_path: Path, command: str
) -> None:
    place = Place(tmp_path)
    with pytest.raises(ConfigError, match="no rollout is unfinished in production"):
        getattr(place.platform(), command)(place.listener)
