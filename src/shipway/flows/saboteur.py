"""Does what a fault orders to real processes, once the candidate has traffic."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from shipway.core.fault import Fault, FaultKind
from shipway.core.load import Sent
from shipway.core.ports import Clock

_LOOK = 0.05  # seconds between looks
_WINDOW = 1.0  # seconds of traffic that a share is of
_BEGUN = 0.02  # share from which the candidate has traffic


class Saboteur:
    """Watches a load in a thread of its own; strikes once. struck: when, by the clock."""

    def __init__(
        self, fault: Fault, sent: Callable[[], Sequence[Sent]], candidate: str,
        strike: Callable[[], bool], clock: Clock,
    ) -> None:  # fmt: skip
        self._fault = fault
        self._sent = sent
        self._candidate = candidate
        self._strike = strike
        self._clock = clock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.struck: float | None = None

    def __enter__(self) -> Saboteur:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        crash = self._fault.kind is FaultKind.CRASH_AT
        wanted = self._fault.amount if crash else _BEGUN
        while not self._over.wait(_LOOK):
            if self.share() >= wanted and self._strike():
                self.struck = self._clock.now()
                return

    def share(self) -> float:
        """The candidate's share of the last second's answers, 0 to 1; 0 of too few."""
        since = self._clock.now() - _WINDOW
        new = answered = 0
        for one in reversed(self._sent()):
            if one.at + one.latency < since:
                break  # in the order of their ends
            answered += bool(one.release)
            new += one.release == self._candidate
        return new / answered if answered >= 5 else 0.0
