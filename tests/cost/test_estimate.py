"""Estimates, limits and what would cost less."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.config.aws import Aws, Ecs, Infrastructure, Schedule
from shipway.config.schema import Application, Config, Environment
from shipway.config.tables import Cost, Price, Usage
from shipway.cost.estimate import ACCOUNT, Estimator, make_estimator
from shipway.cost.statement import ALL, cheaper_alternatives, cost_statement
from shipway.errors import ConfigError

TODAY = date(2026, 11, 25)
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:web/x-AbCdEf"
LARGE = Infrastructure(nat=True, multi_az=True, redis=True, min_tasks=3, insights="enabled")


def of(
    cost: Cost | None = None, budget: float = 0.0, ecs: Ecs | None = None, **levers: Infrastructure
) -> Estimator:
    """An estimator of environments by their levers."""
    environments = {
        name: Environment(platform="ecs", ecs=ecs or Ecs(), infrastructure=one)
        for name, one in levers.items()
    }
    environments["local"] = Environment()
    return make_estimator(
        Config(
            application=Application(name="web"),
            environments=environments,
            aws=Aws(budget=budget),
            cost=cost or Cost(),
        )
    )


def settings(found: Estimator, name: str) -> dict[str, float]:
    return {one.setting: one.saves for one in cheaper_alternatives(found, name)}


def test_a_small_environment_costs_what_the_facts_of_the_setup_say() -> None:
    """About $67: tasks 18, balancer 17.9, addresses 14.6, database 14, log 1, the rest 2."""
    lines = {one.what: one.usd for one in of(staging=Infrastructure()).environment("staging").lines}
    tasks = lines["tasks: vCPU"] + lines["tasks: memory"]
    assert tasks == pytest.approx(18.0, abs=0.1)
    balancer = lines["load balancer"] + lines["load balancer: capacity"]
    assert balancer == pytest.approx(17.9, abs=0.1)
    addresses = lines["tasks: addresses"] + lines["load balancer: addresses"]
    assert addresses == pytest.approx(14.6, abs=0.1)
    database = lines["database"] + lines["database: storage"]
    assert database == pytest.approx(14.0, abs=0.1)
    assert lines["log: written"] == pytest.approx(1.0)


def test_the_sum_is_of_every_environment_on_aws_and_the_account() -> None:
    found = of(staging=Infrastructure(), production=LARGE)
    assert [one.name for one in found.all()] == ["staging", "production", ACCOUNT]
    assert found.environments == ("staging", "production")


def test_an_account_pays_for_its_fourth_dashboard_and_for_traffic_beyond_100_gb() -> None:
    four = of(Cost(usage=Usage(traffic_gb=150)), **dict.fromkeys("abcd", Infrastructure()))
    lines = {one.what: one.quantity for one in four.account().lines}
    assert lines["dashboards beyond three"] == 1
    assert lines["traffic beyond 100 GB"] == 50
    few = {one.what for one in of(a=Infrastructure()).account().lines}
    assert few == {"images", "releases and receipts"}


def test_secrets_of_secrets_manager_are_counted_once_whatever_keys_are_taken_of_them() -> None:
    arns = {
        "A": f"{SECRET}:a::",
        "B": f"{SECRET}:b::",
        "C": SECRET.replace("web/x", "web/y"),
        "D": "arn:aws:ssm:eu-west-1:123456789012:parameter/web/z",
        "E": SECRET.replace("web/x", "web/staging/SECRET_KEY"),
    }
    found = of(ecs=Ecs(secrets=arns), staging=Infrastructure()).environment("staging")
    (secrets,) = [one for one in found.lines if one.what == "secrets"]
    assert secrets.quantity == 3 + 2


def test_what_each_lever_saves_is_what_the_changed_configuration_costs_less() -> None:
    found = of(staging=LARGE)
    now = found.environment("staging").usd
    known = replace(found, prices={**found.prices, "insights": Price(9, TODAY, "x")})
    saved = settings(known, "staging")
    without = of(staging=replace(LARGE, nat=False)).environment("staging").usd
    assert saved["infrastructure.nat = false"] == pytest.approx(now - without)
    assert saved['infrastructure.insights = "disabled"'] == pytest.approx(9)
    assert set(saved) == {
        'ecs.architecture = "arm64"',
        "infrastructure.spot = 100",
        "infrastructure.nat = false",
        "infrastructure.multi_az = false",
        'infrastructure.insights = "disabled"',
        "infrastructure.min_tasks = 1",
        'infrastructure.schedule = {start = "07:00", stop = "19:00"}',
    }
    assert list(saved.values()) == sorted(saved.values(), reverse=True)


def test_production_is_neither_sent_to_sleep_nor_moved_in_with_another() -> None:
    found = of(staging=Infrastructure(), production=Infrastructure())
    assert set(settings(found, "production")) == {
        'ecs.architecture = "arm64"',
        "infrastructure.spot = 100",
    }
    assert not any("shares" in one for one in settings(found, "staging"))


def test_a_shared_load_balancer_and_database_save_what_they_cost() -> None:
    found = of(development=Infrastructure(), staging=Infrastructure())
    saved = settings(found, "development")['infrastructure.shares = "staging"']
    lines = {one.what: one.usd for one in found.environment("development").lines}
    own = [usd for what, usd in lines.items() if what.startswith(("load balancer", "database"))]
    assert saved == pytest.approx(sum(own) + 0.40)  # and the secret of the database's password


def test_whom_others_share_stays_and_levers_that_contradict_are_not_proposed() -> None:
    shared = Infrastructure(shares="staging", host="dev.example.org")
    found = of(development=shared, staging=Infrastructure())
    assert not any("shares" in one for one in settings(found, "staging"))
    assert not any("shares" in one for one in settings(found, "development"))
    certain = replace(Infrastructure(), certificate="arn:aws:acm:x")
    mixed = of(development=certain, staging=Infrastructure())
    assert not any("shares" in one for one in settings(mixed, "development"))


def test_one_that_sleeps_is_not_sent_to_sleep_again() -> None:
    asleep = replace(Infrastructure(), schedule=Schedule("06:00", "20:00"))
    assert not any("schedule" in one for one in settings(of(development=asleep), "development"))


def test_limits_are_of_an_environment_and_of_all() -> None:
    cost = Cost(limits={"staging": 50.0, "production": 500.0})
    found = of(cost, 60.0, staging=Infrastructure(), production=Infrastructure())
    made = cost_statement(found, "", "us-east-1", TODAY)
    assert [(one.name, one.exceeded) for one in made.limits] == [
        ("staging", True),
        ("production", False),
        (ALL, True),
    ]
    assert made.usd == pytest.approx(sum(one.usd for one in made.estimates))
    one = cost_statement(found, "production", "us-east-1", TODAY)
    assert [limit.name for limit in one.limits] == ["production"]
    assert {other.environment for other in one.alternatives} == {"production"}


def test_prices_that_are_old_elsewhere_or_missing_are_told() -> None:
    cost = Cost(prices={"nat": Price(0.05, TODAY, "us", region="eu-west-1")})
    found = of(cost, staging=LARGE)
    told = cost_statement(found, "staging", "eu-west-1", TODAY).remarks
    assert any("prices are older than 180 days, the oldest is of 2025-01-01" in one for one in told)
    assert any("prices are of us-east-1, and things are in eu-west-1" in one for one in told)
    assert any("no price is known of insights" in one for one in told)
    assert any("no limit is set" in one for one in told)


def test_with_ones_own_new_prices_there_is_nothing_to_be_careful_about() -> None:
    prices = {name: Price(1, TODAY, "us") for name in of(staging=Infrastructure()).prices}
    found = of(Cost(prices=prices, limits={"staging": 1e9}), staging=Infrastructure())
    assert cost_statement(found, "staging", "eu-west-1", TODAY).remarks == ()


def test_only_environments_on_aws_have_an_estimate() -> None:
    for name in ("local", "nowhere"):
        with pytest.raises(ConfigError, match=f"no environment {name}"):
            of(staging=Infrastructure()).environment(name)


@given(st.integers(1, 10), st.integers(1, 10), st.floats(0, 100), st.booleans())
def test_more_tasks_never_cost_less(one: int, other: int, spot: float, nat: bool) -> None:
    few, many = sorted((one, other))
    costs = [
        of(a=Infrastructure(min_tasks=tasks, max_tasks=10, spot=spot, nat=nat)).environment("a").usd
        for tasks in (few, many)
    ]
    assert costs[0] <= costs[1]
