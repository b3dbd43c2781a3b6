"""A task definition rendered over nothing, over a running one, over a template."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import make_server

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rollouts.ecs.environment import ACCOUNT, NAMES
from tests.rollouts.ecs.task_definitions import (
    IMAGE,
    MODEL,
    RELEASE,
    REQUEST,
    SECRET,
    rendered,
    running,
)

from shipway.config.aws import Ecs
from shipway.config.health_check import HealthCheck
from shipway.config.schema import Environment
from shipway.errors import ConfigError
from shipway.rollouts.ecs.task_definition import (
    MEMORY,
    OURS,
    READ_ONLY,
    check_size,
    release_of_task_definition,
    render_task_definition,
    secret_reference,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

PARAMETER = ACCOUNT.arn("ssm", "parameter/web/production/TOKEN")


def container(made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = made["containerDefinitions"][0]
    return found


def environment(made: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(made)["environment"]}


def secrets(made: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["valueFrom"] for one in container(made)["secrets"]}


def test_from_nothing_it_is_complete() -> None:
    made = rendered(health=HealthCheck("/health/live"))
    assert (made["family"], made["cpu"], made["memory"]) == ("web-production", "256", "512")
    assert made["networkMode"] == "awsvpc"
    assert made["requiresCompatibilities"] == ["FARGATE"]
    assert made["executionRoleArn"] == ACCOUNT.role("web-production-execution")
    assert made["taskRoleArn"] == ACCOUNT.role("web-production-task")
    assert made["runtimePlatform"] == {
        "cpuArchitecture": "X86_64",
        "operatingSystemFamily": "LINUX",
    }
    one = container(made)
    assert one["image"] == IMAGE
    assert one["portMappings"] == [{"containerPort": 8000, "protocol": "tcp"}]
    assert one["stopTimeout"] == 60
    assert one["logConfiguration"]["options"] == {
        "awslogs-group": "/web/production/web",
        "awslogs-region": "eu-west-1",
        "awslogs-stream-prefix": "web",
    }
    assert "8000" in one["healthCheck"]["command"][-1]
    assert "'/health/live'" in one["healthCheck"]["command"][-1]
    assert environment(made) == {"BIND": "0.0.0.0:8000", "RELEASE": RELEASE.name}


def test_an_application_that_measures_itself_is_told_where_to() -> None:
    measured = Environment(ecs=Ecs(metrics_namespace="web/production"))
    assert environment(rendered(measured))["METRICS_NAMESPACE"] == "web/production"
    own = replace(measured, env={"METRICS_NAMESPACE": "elsewhere"})
    assert environment(rendered(own))["METRICS_NAMESPACE"] == "elsewhere"


@pytest.mark.parametrize(
    ("answer", "codes", "healthy"),
    [
        ("204 No Content", "200-299", True),
        ("302 Found", "200-299", False),
        ("302 Found", "200,302", True),
        ("500 Internal Server Error", "200-299", False),
    ],
)
def test_the_containers_health_check_has_the_load_balancers_rule(
    answer: str, codes: str, healthy: bool
) -> None:
    with served(answer) as port:
        settings = Environment(ecs=Ecs(container_port=port))
        check = container(rendered(settings, health=HealthCheck("/it's", codes)))["healthCheck"]
        program, *arguments = check["command"][1:]
        assert program == "python3"
        assert (subprocess.run([sys.executable, *arguments]).returncode == 0) == healthy


@contextmanager
def served(answer: str) -> Iterator[int]:
    """The port of a server that gives every request this answer, and redirects to what is well."""

    def application(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        well = environ["PATH_INFO"] == "/well"
        start("200 OK" if well else answer, [("Location", "/well"), ("Content-Length", "0")])
        return [b""]

    with make_server("127.0.0.1", 0, application) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_of_what_runs_everything_stays_that_nobody_configures() -> None:
    made = rendered(base=running())
    assert made["volumes"] == [{"name": "cache"}]
    assert made["ephemeralStorage"] == {"sizeInGiB": 30}
    assert made["executionRoleArn"] == ACCOUNT.role("theirs")
    assert container(made)["user"] == "10001"
    assert container(made)["healthCheck"] == {"command": ["CMD", "true"]}
    assert made["containerDefinitions"][1] == {"name": "sidecar", "image": "envoy:v1"}
    assert environment(made)["DATABASE_HOST"] == "db"
    assert secrets(made) == {"DATABASE_PASSWORD": SECRET}


def test_what_only_ecs_writes_is_dropped() -> None:
    answered = MODEL.shape_for("TaskDefinition").members.keys() - REQUEST.members.keys()
    assert answered == READ_ONLY
    assert not READ_ONLY & rendered(base=running()).keys()


def test_the_base_is_not_changed() -> None:
    base = running()
    rendered(base=base)
    assert base == running()


def test_a_variable_that_is_configured_no_more_goes_away_another_ones_stays() -> None:
    before = rendered(Environment(env={"LEVEL": "INFO", "COLOUR": "red"}), running())
    after = rendered(Environment(env={"LEVEL": "DEBUG"}), before)
    assert environment(after)["LEVEL"] == "DEBUG"
    assert "COLOUR" not in environment(after)
    assert environment(after)["DATABASE_HOST"] == "db"
    assert container(after)["dockerLabels"][OURS] == "BIND,LEVEL,RELEASE"


def test_a_value_that_becomes_a_secret_is_no_value_any_more() -> None:
    before = rendered(Environment(env={"MAIL_HOST": "smtp"}))
    after = rendered(Environment(ecs=Ecs(secrets={"MAIL_HOST": PARAMETER})), before)
    assert "MAIL_HOST" not in environment(after)
    assert secrets(after) == {"MAIL_HOST": PARAMETER}


def test_another_log_driver_stays_until_a_group_is_configured() -> None:
    theirs = {"logDriver": "awsfirelens", "options": {"Name": "s3"}}
    base = running(logConfiguration=theirs)
    assert container(rendered(base=base))["logConfiguration"] == theirs
    ours = container(rendered(Environment(ecs=Ecs(log_group="/own")), base))["logConfiguration"]
    assert ours["options"]["awslogs-group"] == "/own"


def test_roles_are_taken_by_name_or_arn() -> None:
    made = rendered(Environment(ecs=Ecs(execution_role="own", task_role=ACCOUNT.role("a/b"))))
    assert made["executionRoleArn"] == ACCOUNT.role("own")
    assert made["taskRoleArn"] == ACCOUNT.role("a/b")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "abc"),
        ("API_TOKEN", "abc"),
        ("DATABASE_URL", "postgresql://web:hunter2@db/web"),
    ],
)
def test_a_secret_by_value_is_refused_without_showing_it(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match="looks like a secret") as caught:
        rendered(Environment(env={name: value}))
    assert value not in caught.value.message + caught.value.remedy
    assert f"environments.production.ecs.secrets.{name}" in caught.value.remedy


def test_an_address_without_a_password_is_no_secret() -> None:
    made = rendered(Environment(env={"DATABASE_URL": "postgresql://web@db/web"}))
    assert environment(made)["DATABASE_URL"] == "postgresql://web@db/web"


def test_one_name_is_not_value_and_secret_at_once() -> None:
    with pytest.raises(ConfigError, match="are both set"):
        rendered(Environment(env={"HOST": "a"}, ecs=Ecs(secrets={"HOST": SECRET})))


def test_a_secret_is_named_by_its_arn_only() -> None:
    with pytest.raises(ConfigError, match=r"ecs\.secrets\.KEY"):
        rendered(Environment(ecs=Ecs(secrets={"KEY": "web/production/KEY"})))


def test_a_variable_of_the_caller_cannot_be_taken_along() -> None:
    with pytest.raises(ConfigError, match="cannot take KEY"):
        rendered(Environment(secrets=("KEY",)))
    assert secrets(rendered(Environment(secrets=("KEY",), ecs=Ecs(secrets={"KEY": SECRET}))))


def test_there_is_no_data_folder_on_ecs() -> None:
    with pytest.raises(ConfigError, match="no data folder"):
        rendered(Environment(env={"DATABASE_URL": "sqlite:///{data}/a"}))


@pytest.mark.parametrize("image", ["", "web:latest", "web@sha256:12"])
def test_an_image_without_a_digest_is_refused(image: str) -> None:
    with pytest.raises(ConfigError, match="by digest"):
        render_task_definition(
            Environment(), NAMES, replace(RELEASE, image=image), None, account=ACCOUNT, health=None
        )


def test_a_base_without_the_container_names_what_it_has() -> None:
    with pytest.raises(ConfigError, match="no container 'app'; it has web, sidecar"):
        rendered(Environment(ecs=Ecs(container="app")), running())


@given(st.sampled_from(sorted(MEMORY)), st.integers(1, 130_000))
def test_a_size_is_taken_or_the_nearest_is_named(cpu: int, memory: int) -> None:
    if memory in MEMORY[cpu]:
        check_size(cpu, memory, "e")
        return
    with pytest.raises(ConfigError) as caught:
        check_size(cpu, memory, "e")
    nearest = int(caught.value.remedy.rpartition(" ")[2].rstrip("."))
    check_size(cpu, nearest, "e")
    assert abs(nearest - memory) == min(abs(one - memory) for one in MEMORY[cpu])


def test_a_cpu_that_fargate_does_not_have_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Fargate has no 300") as caught:
        rendered(Environment(ecs=Ecs(cpu=300)))
    assert caught.value.remedy == "The nearest is 256."


def test_the_arn_of_one_key_of_a_secret_is_taken_apart() -> None:
    found = secret_reference(f"{SECRET}:password::")
    assert found is not None
    assert (found.store, found.arn, found.key) == ("secretsmanager", SECRET, "password")


def test_a_definition_tells_its_release_and_somebody_elses_tells_none() -> None:
    assert release_of_task_definition(rendered()) == RELEASE.name
    assert release_of_task_definition({"containerDefinitions": [{"name": "web"}]}) == ""
