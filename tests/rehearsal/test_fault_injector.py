"""When a saboteur sees traffic."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.fakes.clock import VirtualClock
from tests.patience import PATIENCE
from tests.rehearsal.sent_requests import GOOD

from shipway.rehearsal.faults import parse_fault
from shipway.rehearsal.load import LoadResponse
from shipway.rehearsal.run import FaultInjector

NOW = 1_000.0
OLD = GOOD._replace(at=NOW - 0.5, release="old")
NEW = OLD._replace(release="new")


def saboteur(
    sent: Sequence[LoadResponse], fault: str = "crash-at=40%", hits: int = 1
) -> FaultInjector:
    """Strikes at the `hits`th try only."""
    tries: list[int] = []

    def strike() -> bool:
        tries.append(1)
        return len(tries) >= hits

    return FaultInjector(parse_fault(fault), lambda: sent, "new", strike, VirtualClock(NOW))


def struck(one: FaultInjector, patience: float) -> float | None:
    with one:
        end = time.monotonic() + patience
        while one.struck is None and time.monotonic() < end:
            time.sleep(0.01)
    return one.struck


def test_a_share_is_of_the_last_seconds_answers() -> None:
    ancient = [NEW._replace(at=NOW - 3.0)] * 50
    unsigned = [NEW._replace(release="", status=503)] * 50
    assert saboteur([*ancient, *unsigned, *[OLD] * 6, *[NEW] * 4]).traffic_share() == 0.4


def test_of_a_few_answers_nothing_is_said() -> None:
    assert saboteur([NEW] * 4).traffic_share() == 0.0
    assert saboteur([]).traffic_share() == 0.0


def test_it_strikes_at_the_share_that_is_ordered_and_again_where_nothing_was_hit() -> None:
    assert struck(saboteur([*[OLD] * 6, *[NEW] * 4]), PATIENCE) == NOW
    assert struck(saboteur([*[OLD] * 9, NEW], "kill-instance", hits=3), PATIENCE) == NOW


def test_below_its_share_it_waits() -> None:
    assert struck(saboteur([*[OLD] * 7, *[NEW] * 3]), 0.3) is None
