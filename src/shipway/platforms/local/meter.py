"""Follows what each release of a rollout gets, from sample to sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shipway.core.errors import Unreachable
from shipway.core.judge import Counts
from shipway.core.ports import Clock
from shipway.core.sampling import Sample, added, packed, shown, summary, unpacked
from shipway.platforms.local.metering import Reading
from shipway.platforms.local.proxy import Proxy


class Meter:
    """names: cluster → the release's name. samples: as receipts have them."""

    def __init__(self, proxy: Proxy, clock: Clock, names: Mapping[str, str]) -> None:
        self._proxy = proxy
        self._clock = clock
        self._names = names
        self._last: dict[str, Reading] = {}
        self._at = clock.now()
        self._totals: dict[str, Counts] = {}
        self.samples: list[dict[str, Any]] = []

    def begin(self) -> Mapping[str, Counts]:
        """What was counted before: by cluster. It does not belong to this rollout."""
        self._at = self._clock.now()
        try:
            self._last = self._proxy.read() if self._proxy.alive() else {}
        except Unreachable:
            self._last = {}
        return {name: reading.since(Reading()) for name, reading in self._last.items()}

    def sample(self, weight: float, more: Mapping[str, Counts]) -> Sample | None:
        """What came since the last sample; None while Envoy does not answer.

        weight: percent for the new release. more: what Envoy cannot have counted.
        """
        now = self._clock.now()
        try:
            found = self._proxy.read()
        except Unreachable:
            return None
        seconds = max(1e-3, now - self._at)
        counts = {
            name: added(reading.since(self._last.get(name, Reading())), more.get(name, Counts()))
            for name, reading in found.items()
            if name in self._names
        }
        self._last = {**self._last, **found}
        self._at = now
        for name, one in counts.items():
            self._totals[name] = added(self._totals.get(name, Counts()), one)
        releases = {self._names[name]: shown(one) for name, one in counts.items()}
        self.samples.append({"at": now, "weight": weight, "releases": releases})
        return Sample(now, seconds, counts)

    def totals(self) -> dict[str, dict[str, float]]:
        """Release → requests, failed, p50, p95, p99: of the whole rollout."""
        return {self._names[name]: summary(counts) for name, counts in self._totals.items()}

    def to_dict(self) -> dict[str, Any]:
        """For the record: a rollout that was killed goes on counting."""
        return {
            "last": {
                name: packed(Counts(one.requests, one.errors, one.buckets))
                for name, one in self._last.items()
            },
            "totals": {name: packed(one) for name, one in self._totals.items()},
            "at": self._at,
            "samples": self.samples,
        }

    def load(self, data: Mapping[str, Any]) -> None:
        """What `to_dict` gave."""
        last = {name: unpacked(one) for name, one in data["last"].items()}
        self._last = {
            name: Reading(one.requests, one.errors, one.buckets) for name, one in last.items()
        }
        self._totals = {name: unpacked(one) for name, one in data["totals"].items()}
        self._at = data["at"]
        self.samples = list(data["samples"])
