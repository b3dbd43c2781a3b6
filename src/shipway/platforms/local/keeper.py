"""Looks after an environment while a rollout goes on: counts, judges, and ends an outage.

In a thread of its own, because the rollout may wait for a slow start meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from shipway.core.errors import ShipwayError
from shipway.core.judge import Counts
from shipway.core.rollout_judging import Judging
from shipway.core.sampling import Sample
from shipway.core.watching import RolloutListener
from shipway.platforms.local.meter import Meter
from shipway.platforms.local.probing import Prober
from shipway.platforms.local.proxy import Proxy, Shares

TICK = 1.0  # seconds between samples: Envoy gives out its histograms that often
LOOK = 0.25  # seconds between looks whether Envoy is there


class Keeper:
    """new: the cluster of the release that is rolled out."""

    def __init__(
        self, proxy: Proxy, new: str, meter: Meter, judging: Judging, prober: Prober,
        listener: RolloutListener,
    ) -> None:  # fmt: skip
        self._proxy = proxy
        self._new = new
        self._meter = meter
        self._judging = judging
        self._prober = prober
        self._listener = listener
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._lost: Mapping[str, Counts] = {}
        self.outages = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep watch for as long as this is open."""
        self._over.clear()
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def serve(self, shares: Shares) -> None:
        """Change who serves. The window that is being counted ends before it does."""
        with self._lock:
            try:
                if self._proxy.alive():
                    self._count()
                    self._proxy.serve(shares)
                    return
            except ShipwayError:
                if self._proxy.alive():
                    raise
                self.outages += 1
                self._listener.said("Envoy ended while it was told: it is started again")
            self._proxy.shares = shares
            if shares.serving:
                self._proxy.start()

    def look(self) -> None:
        """Count, let the judge judge, and ask where people ask too little.

        The probes are sent without the lock: one that hangs must not hold up a way back.
        """
        sample = self._count()
        weights = self._proxy.shares.weights
        if sample is not None:
            self._lost = self._prober.fill(sample, weights) if weights.get(self._new) else {}

    def _count(self) -> Sample | None:
        """What came since the last time; None while Envoy does not answer."""
        with self._lock:
            if not self._proxy.alive():
                return None
            weight = self._proxy.shares.weights.get(self._new, 0.0)
            sample = self._meter.sample(weight, self._lost)
            if sample is not None:
                self._lost = {}
                self._listener.sampled(self._meter.samples[-1])
                if said := self._judging.take(sample, weight):
                    self._listener.judged(said)
            return sample

    def _watch(self) -> None:
        waited = 0.0
        while not self._over.wait(LOOK):
            waited += LOOK
            try:
                self._restart()
                if waited >= TICK:
                    waited = 0.0
                    self.look()
            except ShipwayError as problem:
                self._listener.said(problem.message)

    def _restart(self) -> None:
        """Envoy is the way in: without it nobody is served."""
        with self._lock:
            if self._proxy.pid and not self._proxy.alive() and self._proxy.shares.serving:
                self.outages += 1
                self._listener.said("Envoy had ended: it is started again")
                self._proxy.start()
