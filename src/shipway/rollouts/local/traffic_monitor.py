"""Follows what each release of a rollout gets, from sample to sample."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from shipway.config.schema import Application, Environment
from shipway.errors import ShipwayError, Unreachable
from shipway.ports import Clock, Http
from shipway.rollouts.analysis.rollout_analysis import (
    RolloutAnalysis,
    TrafficSample,
    add_counts,
    counts_summary,
    sample_figures,
)
from shipway.rollouts.analysis.window import RequestCounts
from shipway.rollouts.events import RolloutListener
from shipway.rollouts.local.access_log import AccessLog, log_size
from shipway.rollouts.local.envoy import RELEASE_HEADER, ClusterStats, probes_of
from shipway.rollouts.local.proxy import EnvoyProxy, TrafficSplit
from shipway.rollouts.report import ReleaseFigures, TrafficRow


@dataclass(frozen=True)
class CountersState:
    """What was counted, as the record keeps it.

    last: what Envoy had counted at the last sample, since it started; totals: of the rollout;
    both by cluster. at: when the last sample was taken. access_log: the place in Envoy's access
    log, in bytes, at which the rollout began; None where that is not known.
    """

    last: Mapping[str, RequestCounts]
    totals: Mapping[str, RequestCounts]
    at: float
    samples: tuple[TrafficRow, ...] = ()
    access_log: int | None = None


NO_ANSWER = "no release"  # what receipts call it where none could answer


class TrafficCounters:
    """names: cluster → the release's name. samples: as receipts have them."""

    def __init__(self, proxy: EnvoyProxy, clock: Clock, names: Mapping[str, str]) -> None:
        self._proxy = proxy
        self._clock = clock
        self._names = names
        self._last: dict[str, ClusterStats] = {}
        self._at = clock.now()
        self._totals: dict[str, RequestCounts] = {}
        self._begin_log(None)
        self.samples: list[TrafficRow] = []

    def begin(self) -> Mapping[str, RequestCounts]:
        """What was counted before: by cluster. It does not belong to this rollout."""
        self._at = self._clock.now()
        self._begin_log(log_size(self._proxy.access_log))
        try:
            self._last = self._proxy.read() if self._proxy.alive() else {}
        except Unreachable:
            self._last = {}
        return {name: reading.since(ClusterStats()) for name, reading in self._last.items()}

    def sample(self, weight: float) -> TrafficSample | None:
        """What came since the last sample; None while Envoy does not answer.

        weight: percent for the new release.
        """
        now = self._clock.now()
        if self._access_log is not None:
            self._access_log.read()
        try:
            readings = self._proxy.read()
        except Unreachable:
            return None
        seconds = max(1e-3, now - self._at)
        new = {
            name: reading.since(self._last.get(name, ClusterStats()))
            for name, reading in readings.items()
        }
        self._last = {**self._last, **readings}
        self._at = now
        people = {name: new[name] for name in self._names if name in new}
        probes = {name: new.get(probes_of(name), RequestCounts()) for name in people}
        counts = {name: add_counts(count, probes[name]) for name, count in people.items()}
        for name, count in counts.items():
            self._totals[name] = add_counts(self._totals.get(name, RequestCounts()), count)
        releases = {self._names[name]: sample_figures(count) for name, count in counts.items()}
        self.samples.append({"at": now, "weight": weight, "releases": releases})
        return TrafficSample(now, seconds, people, probes)

    def totals(self) -> dict[str, ReleaseFigures]:
        """Release → requests, failed, p50, p95, p99: of the whole rollout, as users felt them.

        Where the access log is not whole, as Envoy counted them, with the probes.
        """
        counted = {
            self._names[name]: counts_summary(counts) for name, counts in self._totals.items()
        }
        if self._access_log is None:
            return counted
        self._proxy.settle()
        self._access_log.read()
        if not self._proxy.alive():
            self._access_log.lose_open_requests()
        if not self._access_log.complete:
            return counted
        felt = {name: ReleaseFigures(requests=0, failed=0) for name in counted}
        for cluster, traffic in self._access_log.traffic.items():
            felt[self._names.get(cluster, cluster or NO_ANSWER)] = traffic.figures()
        return felt

    def _begin_log(self, offset: int | None) -> None:
        """From this place on, what people ask belongs to the rollout."""
        self._log_offset = offset
        self._access_log = None if offset is None else AccessLog(self._proxy.access_log, offset)

    def snapshot(self) -> CountersState:
        """For the record: a rollout that was killed goes on counting."""
        last = {
            name: RequestCounts(
                reading.requests, reading.errors, reading.buckets, sent=reading.sent
            )
            for name, reading in self._last.items()
        }
        return CountersState(
            last, dict(self._totals), self._at, tuple(self.samples), self._log_offset
        )

    def restore(self, known: CountersState) -> None:
        """What `snapshot` gave."""
        self._last = {
            name: ClusterStats(count.requests, count.errors, count.buckets, count.sent)
            for name, count in known.last.items()
        }
        self._totals = dict(known.totals)
        self._at = known.at
        self._begin_log(known.access_log)
        self.samples = list(known.samples)


# Requests of Shipway's own, for releases that people ask too little.

PATIENCE = 1.0  # seconds until a probe counts as failed
AT_ONCE = 5  # probes of one release in one go


class SyntheticTraffic:
    """Sends the probes. sent: how many there were, labelled as synthetic in the receipt."""

    def __init__(
        self, application: Application, settings: Environment, proxy: EnvoyProxy, http: Http
    ) -> None:
        self._paths = [s.path for s in settings.smoke if s.status < 400] or [application.health]
        self._rate = settings.probes
        self._proxy = proxy
        self._http = http
        self.sent = 0

    def send(self, sample: TrafficSample, weights: Mapping[str, float]) -> None:
        """Where people ask a release that has a share too little, ask all of them, equally often:
        probes are compared with probes. Envoy counts them."""
        most = min(AT_ONCE, round(self._rate * sample.seconds))
        people = [sample.counts.get(name, RequestCounts()) for name in weights]
        missing = max((most - (count.sent or count.requests) for count in people), default=0)
        for name in weights:
            # One that hangs is not asked again in the same go.
            all(self._ask(name) for _ in range(missing))

    def _ask(self, name: str) -> bool:
        path = self._paths[self.sent % len(self._paths)]
        self.sent += 1
        try:
            self._http.get(
                self._proxy.inner_address + path, timeout=PATIENCE, headers={RELEASE_HEADER: name}
            )
        except Unreachable:
            return False
        return True


# Looks after an environment while a rollout goes on: counts, judges, and ends an outage.
#
# In a thread of its own, because the rollout may wait for a slow start meanwhile.

TICK = 1.0  # seconds between samples: Envoy gives out its histograms that often
LOOK = 0.25  # seconds between looks whether Envoy is there


class TrafficMonitor:
    """new: the cluster of the release that is rolled out."""

    def __init__(
        self,
        proxy: EnvoyProxy,
        new: str,
        meter: TrafficCounters,
        judging: RolloutAnalysis,
        prober: SyntheticTraffic,
        listener: RolloutListener,
        clock: Clock,
    ) -> None:
        self._proxy = proxy
        self._new = new
        self._meter = meter
        self._judging = judging
        self._prober = prober
        self._listener = listener
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._clock = clock
        self._last_alive = clock.monotonic()
        self.outages = 0
        self.downtime = 0.0

    @contextmanager
    def monitoring(self) -> Iterator[None]:
        """Keep watch for as long as this is open."""
        self._over.clear()
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def serve(self, shares: TrafficSplit) -> None:
        """Change who serves. The window that is being counted ends before it does."""
        with self._lock:
            ended = bool(self._proxy.pid and self._proxy.shares.serving)
            try:
                if self._proxy.alive():
                    self._count()
                    self._proxy.route(shares)
                    return
            except ShipwayError:
                if self._proxy.alive():
                    raise
                self._listener.on_message("Envoy ended while it was told: it is started again")
            self._proxy.shares = shares
            if not shares.serving:
                return
            if ended:
                self._start_again()
            else:
                self._proxy.start()

    def check(self) -> None:
        """Count, let the judge judge, and ask where people ask too little.

        The probes are sent without the lock: one that hangs must not hold up a way back.
        """
        sample = self._count()
        weights = self._proxy.shares.weights
        if sample is not None and weights.get(self._new):
            self._prober.send(sample, weights)

    def _count(self) -> TrafficSample | None:
        """What came since the last time; None while Envoy does not answer."""
        with self._lock:
            if not self._proxy.alive():
                return None
            weight = self._proxy.shares.weights.get(self._new, 0.0)
            sample = self._meter.sample(weight)
            if sample is not None:
                self._listener.on_sample(self._meter.samples[-1])
                self._judging.observe(sample, weight)
                if judgement := self._judging.current(sample.at):
                    self._listener.on_judgement(judgement)
            return sample

    def _watch(self) -> None:
        waited = 0.0
        while not self._over.wait(LOOK):
            waited += LOOK
            try:
                self._restart()
                if waited >= TICK:
                    waited = 0.0
                    self.check()
            except ShipwayError as problem:
                self._listener.on_message(problem.message)

    def _restart(self) -> None:
        """Envoy is the way in: without it nobody is served."""
        with self._lock:
            if self._proxy.alive():
                self._last_alive = self._clock.monotonic()
            elif self._proxy.pid and self._proxy.shares.serving:
                self._listener.on_message("Envoy had ended: it is started again")
                self._start_again()

    def _start_again(self) -> None:
        self._proxy.start()
        self.outages += 1
        now = self._clock.monotonic()
        self.downtime += now - self._last_alive
        self._last_alive = now
