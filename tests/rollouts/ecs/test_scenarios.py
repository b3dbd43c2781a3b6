"""Every strategy in every trouble: what comes out, its exit code, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.fakes.cloudwatch import Traffic
from tests.rollouts.ecs.fake_environment import SHIFTING, STRATEGIES, Place, bad_errors

from shipway.pipeline.outcome import Verdict

UNHEALTHY = "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:x)"
NO_IMAGE = (
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve "
    "ref registry.example/shop@sha256:20: not found"
)


def slow(place: Place) -> None:
    place.cloudwatch.traffic = Traffic(median={place.new.name: 240.0})


def never_healthy(place: Place) -> None:
    place.ecs.scenario = replace(
        place.ecs.scenario,
        stop_reason=UNHEALTHY,
        stop_code="ServiceSchedulerInitiated",
        exit_code=None,
    )


def no_image(place: Place) -> None:
    place.ecs.scenario = replace(
        place.ecs.scenario, stop_reason=NO_IMAGE, stop_code="TaskFailedToStart", exit_code=None
    )


def crashing(place: Place) -> None:
    place.ecs.scenario = replace(
        place.ecs.scenario, stop_reason="Essential container in task exited", exit_code=3
    )
    place.account.logs.lines = ["starting", "KeyError: 'DATABASE_URL'"]


def wrong_processor(place: Place) -> None:
    place.ecs.scenario = replace(
        place.ecs.scenario, stop_reason="Essential container in task exited", exit_code=255
    )
    place.account.logs.lines = ["exec /usr/local/bin/gunicorn: exec format error"]


def alarm(place: Place) -> None:
    place.ecs.scenario = replace(place.ecs.scenario, alarm_after=30.0)


def firing(place: Place) -> None:
    place.ecs.scenario = replace(place.ecs.scenario, firing=("shop-errors",), alarm_after=30.0)


def throttled(place: Place) -> None:
    place.account.throttled = 12


def renewed(place: Place) -> None:
    place.account.expires = place.clock.now() + 90.0


def expired(place: Place) -> None:
    renewed(place)
    place.account.renewable = False


def second(place: Place) -> None:
    place.ecs.scenario = replace(place.ecs.scenario, interferes_after=50.0)


def bad_network(place: Place) -> None:
    place.ecs.scenario = replace(place.ecs.scenario, bad_network=True)


def rollback_fails(place: Place) -> None:
    place.ecs.scenario = replace(place.ecs.scenario, alarm_after=30.0, rollback_fails=True)


@dataclass(frozen=True)
class Row:
    """What a trouble comes to. words: in what is said or in the receipt's cause and remedy."""

    trouble: Callable[[Place], None]
    verdict: Verdict
    words: tuple[str, ...]
    new: bool = False  # the new release has everything in the end
    strategies: tuple[str, ...] = STRATEGIES


ROWS = (
    Row(lambda place: None, Verdict.PASSED, ("SUCCEEDED",), new=True),
    Row(
        bad_errors,
        Verdict.ROLLED_BACK,
        ("the judge rolled it back: candidate fails 20 %",),
        strategies=SHIFTING,
    ),
    Row(
        bad_errors,
        Verdict.PASSED,
        ("not judged: rolling puts both releases into one",),
        new=True,
        strategies=("rolling",),
    ),
    Row(
        slow,
        Verdict.ROLLED_BACK,
        ("the judge rolled it back: candidate is above",),
        strategies=SHIFTING,
    ),
    Row(
        never_healthy,
        Verdict.ROLLED_BACK,
        ("the load balancer's health check got no good answer", "grace period"),
    ),
    Row(
        no_image,
        Verdict.ROLLED_BACK,
        ("the image does not exist in the registry", "shipway image push"),
    ),
    Row(
        crashing,
        Verdict.ROLLED_BACK,
        ("its program ended by itself (exit code 3)", "KeyError: 'DATABASE_URL'"),
    ),
    Row(
        wrong_processor,
        Verdict.ROLLED_BACK,
        ("the image was built for another processor", "architecture"),
    ),
    Row(alarm, Verdict.ROLLED_BACK, ("an alarm fired: shop-errors", "what the alarm measures")),
    Row(
        firing,
        Verdict.PASSED,
        ("WARNING: the alarm shop-errors fires already", "WARNING: an alarm was firing"),
        new=True,
    ),
    Row(throttled, Verdict.PASSED, ("SUCCEEDED",), new=True),
    Row(renewed, Verdict.PASSED, ("SUCCEEDED",), new=True),
    Row(
        expired,
        Verdict.UNKNOWN,
        (
            "how it ends is not known: the AWS credentials do not work any more",
            "Sign in again",
            "shipway resume production",
        ),
    ),
    Row(second, Verdict.FAILED, ("another deployment took its place", "shipway status production")),
    Row(bad_network, Verdict.ROLLED_BACK, ("target groups and listener rules are not as",)),
    Row(
        rollback_fails,
        Verdict.ACTION_REQUIRED,
        ("an alarm fired: shop-errors; and ECS could not go back", "shipway rollback production"),
    ),
)
CASES = [(strategy, row) for row in ROWS for strategy in row.strategies]
EXITS = {
    Verdict.PASSED: 0,
    Verdict.FAILED: 1,
    Verdict.ROLLED_BACK: 3,
    Verdict.UNKNOWN: 4,
    Verdict.ACTION_REQUIRED: 6,
}


@pytest.mark.parametrize(
    ("strategy", "row"),
    CASES,
    ids=[f"{strategy}-{row.trouble.__name__}" for strategy, row in CASES],
)
def test_what_comes_of_it_is_said_in_words(tmp_path: Path, strategy: str, row: Row) -> None:
    place = Place(tmp_path, strategy)
    row.trouble(place)
    receipt = place.deploy()
    told = "\n".join((place.text, receipt.cause, receipt.remedy, *receipt.log))
    assert receipt.verdict is row.verdict, told
    assert receipt.verdict.exit_code(strict=True) == EXITS[row.verdict]
    for words in row.words:
        assert words in told
    if row.verdict in (Verdict.PASSED, Verdict.ROLLED_BACK):
        assert place.serving == (place.new if row.new else place.old).name
        assert place.platform().unfinished is None
    assert bool(receipt.cause) == (row.verdict is not Verdict.PASSED)
    assert bool(receipt.remedy) == (row.verdict is not Verdict.PASSED)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_one_call_changes_the_service_and_never_its_count(tmp_path: Path, strategy: str) -> None:
    place = Place(tmp_path, strategy)
    place.deploy()
    update, *after = place.asked("update_service")
    hooks = {"cluster", "service", "deploymentConfiguration"}  # they go when it is over
    assert [set(later) for later in after] == [hooks][: strategy != "rolling"]
    assert set(update) == {"cluster", "service", "taskDefinition", "deploymentConfiguration"}
    assert not place.asked("deregister_task_definition")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_rollout_that_is_stopped_goes_back(tmp_path: Path, strategy: str) -> None:
    place = Place(tmp_path, strategy)
    until = place.clock.now() + 100.0
    receipt = place.deploy(stopping=lambda: place.clock.now() > until)
    assert (receipt.verdict, receipt.cause) == (Verdict.ROLLED_BACK, "somebody stopped it")
    assert place.serving == place.old.name


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_was_not_known_is_known_after_signing_in_again(tmp_path: Path, strategy: str) -> None:
    place = Place(tmp_path, strategy)
    expired(place)
    assert place.deploy().verdict is Verdict.UNKNOWN
    place.account.expires = None
    receipt = place.platform().resume(place.listener)
    assert (receipt.verdict, receipt.cause) == (Verdict.PASSED, "")
    assert place.serving == place.new.name


def test_rolling_is_judged_where_the_application_sends_metrics_by_release(tmp_path: Path) -> None:
    place = Place(tmp_path, "rolling")
    settings = place.config.environments["production"]
    ecs = replace(settings.ecs, metrics_namespace="Shop")
    place.config.environments["production"] = replace(settings, ecs=ecs, batch=1)
    place.ecs.desired = 12  # long enough for figures to arrive
    bad_errors(place)
    receipt = place.deploy()
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "the judge rolled it back" in receipt.cause
    assert place.asked("stop_service_deployment")
    assert place.serving == place.old.name
