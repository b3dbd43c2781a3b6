"""What would change, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.rollouts.ecs.task_definitions import RELEASE, rendered, running

from shipway.config.aws import Ecs
from shipway.config.health_check import HealthCheck
from shipway.config.schema import Environment
from shipway.rollouts.ecs.preview import task_definition_diff


def words(before: dict[str, Any] | None, after: dict[str, Any]) -> list[str]:
    return [one.description for one in task_definition_diff(before, after)]


def test_a_new_image_and_variable_are_two_lines() -> None:
    before = rendered(base=running())
    after = rendered(Environment(env={"LEVEL": "DEBUG"}), before)
    after["containerDefinitions"][0]["image"] = "new@sha256:1"
    assert words(before, after) == [
        "+ web.env.LEVEL: DEBUG",
        f"~ web.image: {RELEASE.image} → new@sha256:1",
    ]


def test_what_ecs_fills_in_is_no_change() -> None:
    sent = rendered(health=HealthCheck("/live"))
    answered = {**sent, **{key: [] for key in ("volumes", "placementConstraints")}}
    answered |= {"revision": 8, "status": "ACTIVE", "compatibilities": ["FARGATE"]}
    one = {**sent["containerDefinitions"][0], "cpu": 0, "mountPoints": [], "volumesFrom": []}
    one["portMappings"] = [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}]
    answered["containerDefinitions"] = [one]
    assert words(answered, sent) == []


def test_size_roles_and_secrets_are_named_by_their_paths() -> None:
    arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/a"
    ecs = Ecs(cpu=512, memory=1024, task_role="own", secrets={"KEY": arn})
    found = words(rendered(), rendered(replace(Environment(), ecs=ecs)))
    assert "~ cpu: 256 → 512" in found
    assert f"+ web.secrets.KEY: {arn}" in found
    assert any(one.startswith("~ taskRoleArn: ") for one in found)


def test_the_order_of_variables_says_nothing() -> None:
    one = rendered(Environment(env={"A": "1", "B": "2"}))
    other = rendered(Environment(env={"B": "2", "A": "1"}))
    other["containerDefinitions"][0]["environment"].reverse()
    assert words(one, other) == []


def test_what_goes_away_is_said() -> None:
    assert "- web.env.A: 1" in words(rendered(Environment(env={"A": "1"})), rendered())
    extra = rendered()
    extra["containerDefinitions"][0]["portMappings"].append({"containerPort": 9000})
    assert words(extra, rendered()) == ["- web.port.9000: there"]


def test_from_nothing_everything_is_new() -> None:
    assert all(one.startswith("+ ") for one in words(None, rendered()))


VALUES = st.dictionaries(st.sampled_from("ABCDEF"), st.text("xyz", min_size=1), max_size=4)


@given(VALUES, VALUES)
def test_the_way_back_has_the_same_fields_turned_around(
    one: dict[str, str], other: dict[str, str]
) -> None:
    before, after = (rendered(Environment(env=env)) for env in (one, other))
    there, back = task_definition_diff(before, after), task_definition_diff(after, before)
    assert [(c.path, c.before, c.after) for c in there] == [
        (c.path, c.after, c.before) for c in back
    ]
    assert task_definition_diff(before, before) == ()
