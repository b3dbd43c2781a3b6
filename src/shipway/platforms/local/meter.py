"""Follows what each release of a rollout gets, from sample to sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipway.core.errors import Unreachable
from shipway.core.judge import Counts
from shipway.core.ports import Clock
from shipway.platforms.local.metering import Reading, added, percentile, summary
from shipway.platforms.local.proxy import Proxy


@dataclass(frozen=True)
class Sample:
    """What every cluster got in the `seconds` before `at`."""

    at: float
    seconds: float
    counts: Mapping[str, Counts]


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

    def begin(self) -> None:
        """What was counted before does not belong to this rollout."""
        self._at = self._clock.now()
        try:
            self._last = self._proxy.read() if self._proxy.alive() else {}
        except Unreachable:
            self._last = {}

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
        self.samples.append({"at": now, "weight": weight, "releases": self._shown(counts)})
        return Sample(now, seconds, counts)

    def totals(self) -> dict[str, dict[str, float]]:
        """Release → requests, failed, p50, p95, p99: of the whole rollout."""
        return {self._names[name]: summary(counts) for name, counts in self._totals.items()}

    def to_dict(self) -> dict[str, Any]:
        """For the record: a rollout that was killed goes on counting."""
        return {
            "last": {name: _packed(one) for name, one in self._last.items()},
            "totals": {name: _packed(one) for name, one in self._totals.items()},
            "at": self._at,
            "samples": self.samples,
        }

    def load(self, data: Mapping[str, Any]) -> None:
        """What `to_dict` gave."""
        self._last = {name: Reading(*_unpacked(one)) for name, one in data["last"].items()}
        self._totals = {name: Counts(*_unpacked(one)) for name, one in data["totals"].items()}
        self._at = data["at"]
        self.samples = list(data["samples"])

    def _shown(self, counts: Mapping[str, Counts]) -> dict[str, dict[str, float]]:
        shown = {}
        for name, one in counts.items():
            p95 = percentile(one, 0.95)
            shown[self._names[name]] = {
                "requests": one.requests, "failed": one.errors,
                **({"p95": p95} if p95 is not None else {}),
            }  # fmt: skip
        return shown


def _packed(one: Counts | Reading) -> list[Any]:
    return [one.requests, one.errors, [[str(edge), n] for edge, n in one.buckets.items()]]


def _unpacked(data: list[Any]) -> tuple[int, int, dict[float, int]]:
    return data[0], data[1], {float(edge): count for edge, count in data[2]}
