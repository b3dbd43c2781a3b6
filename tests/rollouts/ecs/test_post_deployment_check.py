"""What ECS calls a success is looked at once more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.fakes.ecs_deployment import StoppedTask
from tests.rollouts.ecs.fake_environment import Place

from shipway.pipeline.outcome import Verdict


def test_a_success_whose_tasks_have_ended_again_is_none(tmp_path: Path) -> None:
    place = Place(tmp_path, "rolling")
    settings = place.config.environments["production"]
    place.config.environments["production"] = replace(
        settings, ecs=replace(settings.ecs, failed_tasks=20)
    )
    began = place.clock.now()

    def crash() -> bool:
        deployment = place.ecs.deployments[-1]
        if place.clock.now() > began + 60.0 and not deployment.stopped:
            deployment.scenario.container_reason = "OutOfMemoryError: Container killed"
            deployment.stopped.append(StoppedTask(0, place.clock.now()))
            place.ecs.missing = 1
        return False

    receipt = place.deploy(crash)
    assert receipt.verdict is Verdict.FAILED
    assert "it is deployed, and 3 of 4 tasks run: it needed more memory" in receipt.cause
    assert receipt.remedy == "Go back: shipway rollback production."


def test_a_service_that_only_grows_is_a_success(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.ecs.missing = 1
    assert place.deploy().verdict is Verdict.PASSED
