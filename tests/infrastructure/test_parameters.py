"""From levers to parameters, and levers that contradict."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.infrastructure.levers import CERTIFICATE, DEFINITION, GITHUB, HERE, config

from shipway.config.aws import Database, Ecs, Infrastructure, Schedule
from shipway.config.schema import Application, Config, Environment
from shipway.config.tables import GitHub
from shipway.errors import ConfigError
from shipway.infrastructure.parameters import (
    RunningService,
    account_parameters,
    bootstrap_parameters,
    environment_parameters,
    listener_rule_priority,
    stack_tags,
)


def given_by(levers: Infrastructure, live: RunningService | None = None) -> dict[str, str]:
    return environment_parameters(config(levers), "staging", HERE, live or RunningService())


def refused(given: Config, environment: str = "staging") -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        environment_parameters(given, environment, HERE, RunningService())
    assert caught.value.remedy
    return caught.value


def test_small_is_the_default() -> None:
    found = given_by(Infrastructure())
    assert (found["Nat"], found["MultiAz"], found["Redis"], found["SpotWeight"]) == (
        "no",
        "no",
        "no",
        "0",
    )
    assert (found["DatabaseClass"], found["DatabaseStorage"]) == ("db.t4g.micro", "20")
    assert (found["MinTasks"], found["MaxTasks"]) == ("2", "4")
    assert found["Protection"] == "true"


@pytest.mark.parametrize(
    ("lever", "expected"),
    [
        (Infrastructure(nat=True), {"Nat": "yes"}),
        (Infrastructure(multi_az=True), {"MultiAz": "yes"}),
        (Infrastructure(spot=70), {"SpotWeight": "70", "OnDemandWeight": "30"}),
        (Infrastructure(redis=True), {"Redis": "yes"}),
        (Infrastructure(protected=False), {"Protection": "false"}),
        (Infrastructure(certificate=CERTIFICATE), {"Certificate": CERTIFICATE}),
        (Infrastructure(shares="hall", host="a.b"), {"SharedStack": "web-hall", "Host": "a.b"}),
        (Infrastructure(database=Database(identifier="x")), {"DatabaseIdentifier": "x"}),
        (
            Infrastructure(schedule=Schedule("07:05", "19:30", "MON-SAT", "Africa/Lagos")),
            {
                "StartAt": "cron(5 7 ? * MON-SAT *)",
                "StopAt": "cron(30 19 ? * MON-SAT *)",
                "TimeZone": "Africa/Lagos",
            },
        ),
    ],
)
def test_a_lever_is_one_line(lever: Infrastructure, expected: dict[str, str]) -> None:
    default, found = given_by(Infrastructure()), given_by(lever)
    assert {name: found[name] for name in expected} == expected
    assert {name for name in found if found[name] != default[name]} == set(expected)


def test_what_runs_is_handed_on() -> None:
    assert (
        given_by(Infrastructure(), RunningService(DEFINITION))["LiveTaskDefinition"] == DEFINITION
    )


def test_arm_is_said_where_the_service_is() -> None:
    found = environment_parameters(
        config(ecs=Ecs(architecture="arm64")), "staging", HERE, RunningService()
    )
    assert found["Architecture"] == "ARM64"


@pytest.mark.parametrize(
    ("levers", "words"),
    [
        (Infrastructure(min_tasks=5, max_tasks=4), "min_tasks is 5"),
        (Infrastructure(shares="hall"), "by the name asked for"),
        (Infrastructure(shares="nowhere", host="a.b"), "no other environment nowhere"),
        (Infrastructure(shares="staging", host="a.b"), "no other environment staging"),
        (Infrastructure(schedule=Schedule("7:00", "19:00")), "schedule.start"),
        (Infrastructure(schedule=Schedule("07:00", "")), "schedule.stop"),
        (Infrastructure(schedule=Schedule("07:00", "24:00")), "schedule.stop"),
        (Infrastructure(database=Database(storage=40, max_storage=43)), "room to grow"),
    ],
)
def test_levers_that_contradict_are_told_with_their_key(levers: Infrastructure, words: str) -> None:
    error = refused(config(levers))
    assert words in error.message
    assert "environments.staging.infrastructure" in error.message


def test_who_shares_cannot_be_shared() -> None:
    given_one = config(Infrastructure(shares="hall", host="a.b"))
    third = replace(
        given_one.environments["staging"],
        infrastructure=Infrastructure(shares="staging", host="c.d"),
    )
    error = refused(
        replace(given_one, environments={**given_one.environments, "third": third}), "third"
    )
    assert 'shares = "hall"' in error.remedy


def test_a_shared_load_balancer_without_a_certificate_takes_none() -> None:
    given_one = config(Infrastructure(shares="hall", host="a.b", certificate=CERTIFICATE))
    bare = replace(given_one.environments["hall"], infrastructure=Infrastructure())
    error = refused(replace(given_one, environments={**given_one.environments, "hall": bare}))
    assert "HTTP only" in error.message


def test_a_name_that_is_too_long_for_a_load_balancer_is_refused() -> None:
    long = replace(config(), application=Application(name="candidates-of-the-election"))
    assert "characters" in refused(long).message


def test_an_environment_that_is_not_on_ecs_is_refused_with_those_that_are() -> None:
    assert "bootstrap, account, staging, hall" in refused(config(), "production").remedy


@given(st.text(min_size=1, max_size=40))
def test_a_rule_keeps_its_priority_as_long_as_the_name_stays(name: str) -> None:
    assert listener_rule_priority(name) == listener_rule_priority(name)
    assert 1 <= listener_rule_priority(name) < listener_rule_priority(name) + 1 <= 50_000
    assert listener_rule_priority(name) % 2 == 1  # no test rule has another's production rule's


def test_without_a_repository_nobody_is_trusted_and_half_of_one_is_an_error() -> None:
    def trusted(github: GitHub) -> str:
        return environment_parameters(config(github=github), "staging", HERE, RunningService())[
            "GithubSubject"
        ]

    assert trusted(GITHUB) == "repo:acme@42/web@4242:environment:staging"
    assert trusted(GitHub()) == ""
    with pytest.raises(ConfigError, match="owner_id"):
        trusted(GitHub(repository="acme/web"))


def test_the_account_takes_the_budget_and_the_monitor_that_it_has() -> None:
    found = account_parameters(config(budget=80.0, alerts="a@b.org"), "arn:monitor/1")
    assert found == {"Budget": "80", "AlertTo": "a@b.org", "MonitorArn": "arn:monitor/1"}


def test_bootstrap_takes_the_bucket_and_leaves_a_provider_that_is_there() -> None:
    assert bootstrap_parameters(config(), HERE, has_provider=True)["CreateProvider"] == "no"
    found = bootstrap_parameters(config(), HERE)
    assert found == {
        "Repository": "web",
        "Bucket": "web-shipway-123456789012-eu-west-1",
        "CreateProvider": "yes",
        "MovingTag1": "hall",
        "MovingTag2": "staging",
        "MovingTag3": "",
        "MovingTag4": "",
        "Lifecycle": found["Lifecycle"],
    }
    assert bootstrap_parameters(config(bucket="own", github_provider=False), HERE) == {
        **found,
        "Bucket": "own",
        "CreateProvider": "no",
    }


def test_what_environments_name_stays_and_of_the_rest_as_many_as_is_said() -> None:
    rules = json.loads(bootstrap_parameters(config(images=7), HERE)["Lifecycle"])["rules"]
    kept = [
        (one["selection"].get("tagPatternList"), one["selection"]["countNumber"]) for one in rules
    ]
    assert kept == [(["hall"], 9999), (["staging"], 9999), (None, 14), (["*"], 7)]


def test_more_tags_than_ecr_knows_are_refused() -> None:
    many = {f"town{number}": Environment(platform="ecs") for number in range(5)}
    with pytest.raises(ConfigError, match="five tags"):
        bootstrap_parameters(replace(config(), environments=many), HERE)


def test_everything_is_tagged_with_whose_it_is() -> None:
    assert stack_tags(config(owner="civic", cost_centre="7"), "staging") == {
        "application": "web",
        "environment": "staging",
        "owner": "civic",
        "cost-centre": "7",
        "managed-by": "shipway",
    }
    assert "owner" not in stack_tags(config(), "staging")
