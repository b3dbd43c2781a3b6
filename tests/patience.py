"""Waiting for what another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 120.0  # seconds after which a test says that something hangs; it is no figure


def until(condition: Callable[[], object]) -> None:
    """Wait for it, however busy the machine is."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@contextmanager
def not_hanging() -> Iterator[None]:
    """What is done here ends, however busy the machine is."""
    end = time.monotonic() + PATIENCE
    yield
    assert time.monotonic() < end, "it took as long as what hangs"
