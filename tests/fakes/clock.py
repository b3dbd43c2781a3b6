"""A clock on which time passes only when somebody sleeps."""

from __future__ import annotations


class VirtualClock:
    """A clock for tests: sleeping takes no time."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self.time = start

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.time

    def monotonic(self) -> float:
        """The same: this clock never goes backwards."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self.time += seconds
