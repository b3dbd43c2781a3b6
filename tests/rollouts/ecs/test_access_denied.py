"""A role that lacks a permission: said, and never a rollout that nobody follows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.cloudwatch import Traffic
from tests.rollouts.ecs.fake_environment import Place, bad_errors

from shipway.aws.errors import AwsApiError
from shipway.pipeline.outcome import Verdict


def test_without_metrics_a_person_decides(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.account.denied = {"get_metric_data"}
    receipt = place.deploy()
    assert receipt.verdict is Verdict.ACTION_REQUIRED
    assert receipt.cause == "the judge holds it: nothing was judged"
    assert place.text.count("nothing can be judged: AWS refused GetMetricData") == 1


def test_what_may_not_be_stopped_goes_back_by_its_pause(tmp_path: Path) -> None:
    place = Place(tmp_path)
    bad_errors(place)
    place.account.denied = {"continue_service_deployment", "stop_service_deployment"}
    # Before any traffic has moved it cannot go on either: that is said, and is not known.
    receipt = place.deploy()
    assert receipt.verdict is Verdict.UNKNOWN
    assert "AWS refused ContinueServiceDeployment" in receipt.cause
    place.account.denied = {"stop_service_deployment"}
    receipt = place.platform().resume(place.listener)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert place.serving == place.old.name


def test_a_stop_that_is_refused_is_said_and_ecs_goes_on_guarding(tmp_path: Path) -> None:
    place = Place(tmp_path, "blue-green")
    until = place.clock.now() + 30.0
    place.account.denied = {"stop_service_deployment", "continue_service_deployment"}
    receipt = place.deploy(stopping=lambda: place.clock.now() > until)
    assert "it could not be told to go back: AWS refused" in place.text
    assert receipt.verdict is Verdict.ROLLED_BACK  # the pause ended unanswered
    assert place.serving == place.old.name


def test_what_is_refused_at_the_start_changes_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.account.denied = {"register_task_definition"}
    receipt = place.deploy()
    assert receipt.verdict is Verdict.FAILED
    assert "refused RegisterTaskDefinition" in receipt.cause
    assert "shipway infra policy" in receipt.remedy
    place.account.denied = {"describe_services"}
    with pytest.raises(AwsApiError, match="refused DescribeServices"):
        place.deploy()


@pytest.mark.parametrize("operation", ["list_service_deployments", "describe_service_deployments"])
def test_a_deployment_that_began_and_may_not_be_looked_at_is_unknown_and_goes_on(
    tmp_path: Path, operation: str
) -> None:
    place = Place(tmp_path)
    place.account.denied_after = {"update_service": operation}
    receipt = place.deploy()
    assert receipt.verdict is Verdict.UNKNOWN
    assert f"refused {operation.title().replace('_', '')}" in receipt.cause
    place.account.denied_after.clear()
    place.account.denied.clear()
    assert place.platform().resume(place.listener).verdict is Verdict.PASSED
    assert place.serving == place.new.name


def test_events_and_alarms_that_may_not_be_read_end_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.account.denied = {"list_tasks", "describe_alarms"}
    assert place.deploy().verdict is Verdict.PASSED
    assert "whether alarms fire already is not known" in place.text
    assert "refused ListTasks" in place.text


@pytest.mark.parametrize(
    ("command", "operation"),
    [
        ("resume", "continue_service_deployment"),
        ("resume", "describe_task_definition"),
        ("cancel", "describe_task_definition"),
    ],
)
def test_one_that_waits_and_cannot_be_reached_is_unknown_and_not_failed(
    tmp_path: Path, command: str, operation: str
) -> None:
    place = Place(tmp_path)
    place.cloudwatch.traffic = Traffic(rate=0.0)
    assert place.deploy().verdict is Verdict.ACTION_REQUIRED
    place.account.denied = {operation}
    receipt = getattr(place.platform(), command)(place.listener)
    assert receipt.verdict is Verdict.UNKNOWN
    assert "how it ends is not known" in receipt.cause
    place.account.denied.clear()
    assert place.platform().cancel(place.listener).verdict is Verdict.ROLLED_BACK
