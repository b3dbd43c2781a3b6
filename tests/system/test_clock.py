"""Real time passes; virtual time is told to."""

from __future__ import annotations

import time

from tests.fakes.clock import VirtualClock

from shipway.system.clock import SystemClock


def test_the_machines_clock_goes_on_by_what_was_slept() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.01
    earlier, now, later = time.time(), clock.now(), time.time()
    assert earlier <= now <= later


def test_virtual_time_passes_only_by_sleeping_and_takes_none() -> None:
    clock = VirtualClock(100.0)
    clock.sleep(3600)
    assert (clock.now(), clock.monotonic()) == (3700.0, 3700.0)
