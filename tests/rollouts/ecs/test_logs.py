"""Lines from CloudWatch Logs, each once."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from tests.fakes.clock import VirtualClock
from tests.rollouts.ecs.environment import REGION, Mixed

from shipway.errors import ConfigError
from shipway.rollouts.ecs.logs import LogLine, LogTail

NOW = 1_700_000_000.0


class Arriving:
    """Lines with a time of their own, and one when they arrive; pages of two, some empty."""

    region = REGION

    def __init__(self, clock: VirtualClock, events: list[tuple[float, float]]) -> None:
        self._clock = clock
        self._events = events

    def client(self, service: str) -> Any:
        return self

    def filter_log_events(self, **asked: Any) -> dict[str, Any]:
        there = [
            {
                "eventId": str(number),
                "timestamp": int(at * 1000),
                "message": f"line {number}\n",
                "logStreamName": "web/web/0123456789",
            }
            for number, (at, arrives) in enumerate(self._events)
            if arrives <= self._clock.now() and at * 1000 >= asked["startTime"]
        ]
        start = int(asked.get("nextToken", "0"))
        if start % 3 == 2:  # a page with nothing on it, and more behind it
            return {"events": [], "nextToken": str(start + 1)}
        page = there[start - start // 3 :][:1]
        more = {"nextToken": str(start + 1)} if start < 3 * len(there) else {}
        return {"events": page, **more}


def followed(events: list[tuple[float, float]], seconds: float) -> list[LogLine]:
    clock = VirtualClock(NOW)
    seen: list[LogLine] = []
    LogTail(Arriving(clock, events), "/web").follow(
        clock, NOW - 60, seen.append, lambda: clock.now() > NOW + seconds
    )
    return seen


def test_lines_come_in_order_with_the_beginning_of_their_task() -> None:
    seen = followed([(NOW - 1, NOW), (NOW - 3, NOW), (NOW + 5, NOW + 6)], 10)
    assert [one.text for one in seen] == ["line 1", "line 0", "line 2"]
    assert seen[0].task == "01234567"


def test_a_line_that_arrives_late_is_shown_all_the_same() -> None:
    seen = followed([(NOW + 10, NOW + 10), (NOW + 2, NOW + 14)], 30)
    assert [one.text for one in seen] == ["line 0", "line 1"]


DELAYS = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 10)), max_size=12)


@given(DELAYS)
def test_every_line_is_shown_exactly_once(delays: list[tuple[float, float]]) -> None:
    events = [(NOW + at, NOW + at + late) for at, late in delays]
    seen = followed(events, 100)
    assert sorted(one.text for one in seen) == sorted(f"line {n}" for n in range(len(events)))


def test_a_group_that_does_not_exist_is_named() -> None:
    with mock_aws(), pytest.raises(ConfigError, match="no log group /none"):
        list(LogTail(Mixed(), "/none").since(0))


def test_real_clients_are_asked_as_they_want_it() -> None:
    with mock_aws():
        clients = Mixed()
        logs = clients.client("logs")
        logs.create_log_group(logGroupName="/web")
        logs.create_log_stream(logGroupName="/web", logStreamName="web/web/1")
        now = time.time()  # CloudWatch takes nothing that is older than two weeks
        at = int(now * 1000)
        events = [{"timestamp": at + n, "message": f"line {n}"} for n in range(3)]
        logs.put_log_events(logGroupName="/web", logStreamName="web/web/1", logEvents=events)
        group = LogTail(clients, "/web", "web/")
        assert [one.text for one in group.since(now - 1)] == ["line 0", "line 1", "line 2"]
        assert list(group.since(now - 1)) == []
