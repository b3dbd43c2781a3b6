"""What a quiet service is told before a rollout starts, and what it gets instead of a canary."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.cloudwatch import Traffic
from tests.rollouts.ecs.fake_environment import SHIFTING, Place

from shipway.config.schema import Environment, Smoke
from shipway.config.tables import JudgeSettings
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.ecs.traffic import requests_to_promote, traffic_outlook

CANARY = Environment(platform="ecs", strategy="canary", smoke=(Smoke("/"),))


def test_what_a_canary_needs_is_said_in_minutes() -> None:
    outlook = traffic_outlook(CANARY, 0.4)
    assert outlook.shift == "judged"
    assert outlook.sentence == (
        "at 0.4 requests a second, as in the last hour, 10 % of them take 125 minutes to judge a "
        "release by (299 requests), and judge.horizon is 30 minutes: so it gets all traffic at "
        "once, and is judged by that"
    )


@pytest.mark.parametrize("rate", [0.0, 0.01])
def test_where_even_all_traffic_is_too_little_smoke_tests_decide(rate: float) -> None:
    outlook = traffic_outlook(CANARY, rate)
    assert outlook.shift == "unjudged"
    assert outlook.sentence.endswith("health checks and 1 smoke tests decide")


@pytest.mark.parametrize(
    "settings",
    [
        replace(CANARY, smoke=()),
        replace(CANARY, judge=JudgeSettings(on_hold="roll back")),
    ],
)
def test_without_smoke_tests_nothing_is_taken_for_good(settings: Environment) -> None:
    outlook = traffic_outlook(settings, 0.0)
    assert outlook.shift == ""
    assert "the judge may hold it" in outlook.sentence


@given(rate=st.floats(0, 1000), strategy=st.sampled_from(["canary", "linear", "blue-green"]))
def test_more_traffic_never_makes_it_less_judged(rate: float, strategy: str) -> None:
    order = ("unjudged", "judged", "")
    settings = replace(CANARY, strategy=strategy)
    here, more = (traffic_outlook(settings, each) for each in (rate, rate * 2 + 0.001))
    assert order.index(here.shift) <= order.index(more.shift)
    assert bool(here.sentence) == bool(here.shift)


@given(limit=st.floats(0.001, 0.5), beta=st.floats(0.001, 0.5))
def test_so_many_good_requests_prove_the_limit_and_one_less_does_not(
    limit: float, beta: float
) -> None:
    needed = requests_to_promote(JudgeSettings(error_limit=limit, beta=beta, min_requests=1))
    assert (1 - limit) ** needed <= beta * 1.000001
    assert (1 - limit) ** (needed - 1) > beta * 0.999999


@pytest.mark.parametrize("strategy", SHIFTING)
@pytest.mark.parametrize("rate", [0.0, 0.4])
def test_a_deployment_at_night_ends_by_itself(tmp_path: Path, strategy: str, rate: float) -> None:
    place = Place(tmp_path, strategy, smoke=(Smoke("/"),))
    place.cloudwatch.traffic = Traffic(rate=rate)
    receipt = place.deploy()
    assert receipt.verdict is Verdict.PASSED, receipt.cause
    assert place.serving == place.new.name
    assert ("so it gets all traffic at once" in place.text) == (
        rate == 0.0 or strategy != "blue-green"
    )


def test_errors_are_seen_at_night_too(tmp_path: Path) -> None:
    place = Place(tmp_path, smoke=(Smoke("/"),), bake=600.0)
    place.cloudwatch.traffic = Traffic(rate=0.4, errors={place.new.name: 0.5})
    assert place.deploy().verdict is Verdict.ROLLED_BACK


def test_a_busy_service_gets_its_canary_and_no_sentence(tmp_path: Path) -> None:
    place = Place(tmp_path, smoke=(Smoke("/"),))
    place.deploy()
    assert "requests a second" not in place.text
    (update, *_) = place.asked("update_service")
    assert update["deploymentConfiguration"]["strategy"] == "CANARY"


def test_without_the_right_to_read_metrics_the_strategy_stays(tmp_path: Path) -> None:
    place = Place(tmp_path, smoke=(Smoke("/"),))
    place.account.denied.add("get_metric_data")
    place.deploy()
    assert "how much traffic there is is not known" in place.text
    (update, *_) = place.asked("update_service")
    assert update["deploymentConfiguration"]["strategy"] == "CANARY"
