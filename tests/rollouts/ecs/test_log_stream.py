"""One task's lines, from CloudWatch Logs."""

from __future__ import annotations

import time

from moto import mock_aws
from tests.rollouts.ecs.environment import Mixed
from tests.rollouts.ecs.task_definitions import rendered

from shipway.rollouts.ecs.logs import LogStream, log_location

TASK = "arn:aws:ecs:eu-west-1:123456789012:task/web/abc"


def test_the_stream_is_named_by_prefix_container_and_task() -> None:
    place = log_location(rendered(), "web")
    assert place is not None
    assert (place.group, place.stream(TASK)) == ("/web/production/web", "web/web/abc")


def test_a_container_that_is_not_there_has_no_place() -> None:
    assert log_location(rendered(), "other") is None


def test_a_real_stream_is_read_once_and_read_on() -> None:
    place = log_location(rendered(), "web")
    assert place is not None
    with mock_aws():
        clients = Mixed()
        logs = clients.client("logs")
        logs.create_log_group(logGroupName=place.group)
        stream = LogStream(clients, place, TASK)
        assert list(stream.fresh()) == []  # it does not exist yet
        logs.create_log_stream(logGroupName=place.group, logStreamName=place.stream(TASK))
        now = int(time.time() * 1000)  # CloudWatch takes nothing that is older than two weeks
        for number in range(2):
            logs.put_log_events(
                logGroupName=place.group,
                logStreamName=place.stream(TASK),
                logEvents=[{"timestamp": now + number, "message": f"{number}\n"}],
            )
            assert list(stream.fresh()) == [str(number)]
        assert list(stream.fresh()) == []
