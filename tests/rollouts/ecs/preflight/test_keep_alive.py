"""The server keeps connections longer than the load balancer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rollouts.ecs.environment import Standing

from shipway.config.schema import Application
from shipway.rollouts.ecs.preflight.checklist import run_preflight
from shipway.rollouts.ecs.preflight.network import SERVERS, keep_alive_seconds
from shipway.rollouts.ecs.preflight.subject import ProblemKind

GUNICORN = SERVERS["gunicorn"]


def set_idle(standing: Standing, seconds: int) -> None:
    standing.clients.client("elbv2").modify_load_balancer_attributes(
        LoadBalancerArn=standing.balancer,
        Attributes=[{"Key": "idle_timeout.timeout_seconds", "Value": str(seconds)}],
    )


def test_a_server_that_hangs_up_first_makes_502s(standing: Standing) -> None:
    (standing.folder / "gunicorn.conf.py").write_text("keepalive = 30\n")
    (found,) = run_preflight(standing.subject())
    assert "gunicorn keeps connections for 30 s, the load balancer for 60 s" in found.message
    assert "Set keepalive to 75" in found.remedy


def test_the_load_balancers_own_timeout_counts(standing: Standing) -> None:
    set_idle(standing, 75)
    assert "the load balancer for 75 s" in run_preflight(standing.subject())[0].message
    set_idle(standing, 74)
    assert run_preflight(standing.subject()) == ()


def test_settings_that_compute_it_are_not_known(standing: Standing) -> None:
    (standing.folder / "gunicorn.conf.py").write_text("keepalive = int('75')\n")
    (found,) = run_preflight(standing.subject())
    assert found.kind is ProblemKind.NOT_CHECKED


def test_an_unknown_server_is_not_known(standing: Standing) -> None:
    standing.application = Application(serve="waitress-serve main:app")
    (found,) = run_preflight(standing.subject())
    assert found.kind is ProblemKind.NOT_CHECKED
    assert "gunicorn or uvicorn" in found.message


def test_uvicorn_is_known_too(standing: Standing) -> None:
    standing.application = Application(serve="uvicorn main:app --timeout-keep-alive 65")
    assert run_preflight(standing.subject()) == ()
    standing.application = Application(serve="uvicorn main:app")
    assert "uvicorn keeps connections for 5 s" in run_preflight(standing.subject())[0].message


def test_the_containers_command_counts_before_the_applications(standing: Standing) -> None:
    subject = standing.subject()
    container = {**subject.container, "command": ["gunicorn", "--keep-alive", "3", "main:app"]}
    definition = {**subject.task_definition, "containerDefinitions": [container]}
    (found,) = run_preflight(replace(subject, task_definition=definition))
    assert "for 3 s" in found.message


def test_a_settings_file_outside_the_release_is_not_read(standing: Standing) -> None:
    outside = standing.folder.parent / "outside.py"
    outside.write_text("keepalive = 90\n")
    standing.application = Application(serve=f"gunicorn -c {outside} main:app")
    assert "for 2 s" in run_preflight(standing.subject())[0].message


@pytest.mark.parametrize(
    ("words", "environment", "file", "seconds"),
    [
        (["gunicorn", "--keep-alive=80"], {"GUNICORN_CMD_ARGS": "--keep-alive 3"}, "", 80),
        (["gunicorn"], {"GUNICORN_CMD_ARGS": "--keep-alive 3"}, "keepalive = 9", 3),
        (["gunicorn"], {}, "keepalive = 9\nkeepalive = 11", 11),
        (["gunicorn"], {}, "workers = 9", 2),
        (["gunicorn"], {}, "this is no Python", None),
    ],
)
def test_settings_are_weighed_in_gunicorns_order(
    words: list[str], environment: dict[str, str], file: str, seconds: float | None
) -> None:
    assert keep_alive_seconds(GUNICORN, words, environment, file) == seconds


def test_uvicorn_takes_it_from_its_variable() -> None:
    told = {"UVICORN_TIMEOUT_KEEP_ALIVE": "70"}
    assert keep_alive_seconds(SERVERS["uvicorn"], ["uvicorn"], told, "") == 70
