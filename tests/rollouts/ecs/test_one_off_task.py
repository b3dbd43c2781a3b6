"""One task, once, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.fakes.clock import VirtualClock
from tests.rollouts.ecs.environment import NAMES
from tests.rollouts.ecs.fake_tasks import DEFINITION, SERVICE, TASK, OneTask

from shipway.config.schema import Environment
from shipway.errors import CannotRun, ConfigError
from shipway.rollouts.ecs.one_off_task import TaskResult, run_task, running_ecs_service

COMMAND = ["flask", "--app", "main", "db", "upgrade"]


def run(task: OneTask, on_line: Callable[[str], None] = lambda line: None) -> TaskResult:
    service = task.services[0]
    return run_task(task, task.clock, service, DEFINITION, "web", COMMAND, on_line)


def asked(task: OneTask, operation: str) -> dict[str, Any]:
    return next(given for name, given in task.asked if name == operation)


@pytest.fixture
def task() -> OneTask:
    return OneTask(VirtualClock())


def test_it_runs_the_command_in_the_services_network(task: OneTask) -> None:
    assert run(task) == TaskResult(0, task=TASK)
    given = asked(task, "RunTask")
    assert given["overrides"]["containerOverrides"] == [{"name": "web", "command": COMMAND}]
    assert given["networkConfiguration"] == SERVICE["networkConfiguration"]
    assert (given["launchType"], given["platformVersion"]) == ("FARGATE", "1.4.0")
    assert (given["taskDefinition"], given["startedBy"]) == (DEFINITION, "shipway")


def test_a_service_on_spot_runs_its_tasks_there_too(task: OneTask) -> None:
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    task.services[0]["capacityProviderStrategy"] = strategy
    run(task)
    assert asked(task, "RunTask")["capacityProviderStrategy"] == strategy
    assert "launchType" not in asked(task, "RunTask")


def test_each_line_is_shown_once_as_it_comes(task: OneTask) -> None:
    task.lines = [(6, "one"), (6, "two"), (6, "three"), (12, "four")]
    seen: list[tuple[float, str]] = []
    run(task, lambda line: seen.append((task.clock.now() - task.began, line)))
    lines = [line for _, line in seen if not line.startswith("(")]
    assert lines == ["one", "two", "three", "four"]
    assert next(at for at, line in seen if line == "one") < 12


def test_lines_that_arrive_after_the_end_are_shown(task: OneTask) -> None:
    task.lines = [(6, "begun"), (24, "done"), (29, "really done")]
    seen: list[str] = []
    run(task, seen.append)
    assert seen[-2:] == ["done", "really done"]


def test_where_it_is_is_said_once(task: OneTask) -> None:
    seen: list[str] = []
    run(task, seen.append)
    assert seen == ["(task provisioning)", "(task running)"]


def test_the_exit_code_decides(task: OneTask) -> None:
    task.container = {"exitCode": 3}
    task.task = {
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
    }
    ended = run(task)
    assert (ended.code, ended.reason) == (3, "exit code 3")
    assert "log lines" in ended.remedy


def test_a_command_that_is_killed_for_its_memory_says_so(task: OneTask) -> None:
    task.container = {"exitCode": 137, "reason": "OutOfMemoryError: Container killed"}
    ended = run(task)
    assert "more memory" in ended.reason and "137" in ended.reason
    assert "memory" in ended.remedy


def test_a_task_that_never_ran_has_no_code_but_a_cause(task: OneTask) -> None:
    task.container = {"reason": "CannotPullContainerError: …: not found"}
    task.task = {"stopCode": "TaskFailedToStart", "stoppedReason": "Task failed to start"}
    ended = run(task)
    assert (ended.code, ended.reason) == (None, "the image does not exist in the registry")
    assert "shipway image push" in ended.remedy


def test_a_task_that_ecs_refuses_is_an_error_with_its_reason(task: OneTask) -> None:
    task.failures = [{"arn": TASK, "reason": "RESOURCE:ENI", "detail": "none left"}]
    with pytest.raises(CannotRun, match="no room") as caught:
        run(task)
    assert caught.value.remedy


def test_a_task_that_ecs_does_not_know_yet_is_waited_for(task: OneTask) -> None:
    task.hidden = 12
    assert run(task).code == 0


def test_a_task_that_ecs_never_knows_is_lost(task: OneTask) -> None:
    task.hidden = 10_000
    ended = run(task)
    assert ended.code is None and "does not know" in ended.reason


def test_a_task_that_never_ends_is_stopped(task: OneTask) -> None:
    task.stops = 1e9
    ended = run(task)
    assert ended.code is None and "did not end within 3600 s" in ended.reason
    assert asked(task, "StopTask")["task"] == TASK


def test_interrupted_the_task_is_told_to_stop(task: OneTask) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(task, interrupt)
    assert asked(task, "StopTask")["reason"] == "interrupted in shipway"


def test_without_cloudwatch_it_is_said_that_there_are_no_lines(task: OneTask) -> None:
    task.definition["containerDefinitions"][0]["logConfiguration"] = {"logDriver": "awsfirelens"}
    seen: list[str] = []
    assert run(task, seen.append).code == 0
    assert "cannot be shown here" in seen[0]


def test_an_environment_without_its_service_is_to_be_made(task: OneTask) -> None:
    assert running_ecs_service(task, Environment(), NAMES)["serviceName"] == "web"
    task.services[0]["status"] = "INACTIVE"
    with pytest.raises(ConfigError, match="no service web") as caught:
        running_ecs_service(task, Environment(), NAMES)
    assert "infra apply production" in caught.value.remedy
