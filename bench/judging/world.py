"""Traffic that the judge meets outside its own generator: requests that hang, probes, clients.

Every request has a time, a kind, a release, a response time and an outcome; windows count what was
sent and what was answered in them, as a proxy does. Judged by shipway.rollouts.analysis itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from judging.traffic import MEDIAN_MS, SIGMA
from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.judge import initial_state, observe, observe_baseline
from shipway.rollouts.analysis.latency import EDGES
from shipway.rollouts.analysis.window import AnalysisWindow, Decision, RequestCounts

_EDGES = np.array(EDGES)
_BUCKETS = (*EDGES, inf)


@dataclass(frozen=True)
class Release:
    """What a release does with requests. hang: the share that it never answers. late: the share
    that fails after late_seconds. errors: the share that fails at once. slower: a factor."""

    errors: float = 0.001
    hang: float = 0.0
    late: float = 0.0
    late_seconds: float = 120.0
    slower: float = 1.0


@dataclass(frozen=True)
class World:
    """A scenario. rate: people's requests a second; share: of the candidate. probes: requests a
    second that Shipway sends to the candidate and to the baseline; probe: how both answer those.
    history: seconds of the baseline alone. missing: every so many windows the baseline's counts are
    missing. right: what is right: "rolled back", "not rolled back", "not promoted" (for as long as
    `seconds`)."""

    name: str
    right: str
    candidate: Release = field(default_factory=Release)
    baseline: Release = field(default_factory=Release)
    rate: float = 50.0
    share: float = 0.1
    probes: tuple[float, float] = (0.0, 0.0)
    probe: Release = field(default_factory=Release)
    probe_fault: float = 0.0  # what the candidate's probes fail more
    history: int = 60
    seconds: int = 600
    missing: int = 0
    clients: int = 0  # who each stay with one release; 0: every request goes by itself
    failing_clients: float = 0.0
    spread: float = 0.0  # of the clients' own speeds: the standard deviation of the logarithm
    settings: JudgeSettings = field(default_factory=JudgeSettings)


def _requests(release: Release, times: np.ndarray, rng: np.random.Generator):
    """Response times in seconds, inf: never; and which fail."""
    count = len(times)
    took = release.slower * MEDIAN_MS / 1000.0 * np.exp(SIGMA * rng.standard_normal(count))
    fate = rng.random(count)
    failed = fate < release.errors
    late = (fate >= release.errors) & (fate < release.errors + release.late)
    hang = fate >= 1.0 - release.hang
    took = np.where(late, release.late_seconds, took)
    return np.where(hang, inf, took), (failed | late) & ~hang


def _counts(
    release: Release,
    times: np.ndarray,
    end: int,
    rng: np.random.Generator,
    clients: tuple[np.ndarray, np.ndarray] | None = None,
):
    """One RequestCounts a second. clients: of each request, whether it always fails, and a
    factor of its response times."""
    took, failed = _requests(release, times, rng)
    if clients is not None:
        failed, took = failed | clients[0], took * clients[1]
    sent = np.bincount(times.astype(int), minlength=end)[:end]
    done = times + took
    inside = done < end
    window = done[inside].astype(int)
    place = np.searchsorted(_EDGES, took[inside] * 1000.0)
    grid = np.bincount(window * len(_BUCKETS) + place, minlength=end * len(_BUCKETS))
    rows = np.cumsum(grid.reshape(end, len(_BUCKETS)), axis=1)
    errors = np.bincount(window[failed[inside]], minlength=end)
    return [
        RequestCounts(
            int(rows[second, -1]),
            int(errors[second]),
            dict(zip(_BUCKETS, map(int, rows[second]), strict=True)),
            sent=int(sent[second]),
        )
        for second in range(end)
    ]


def _times(rate: float, start: int, end: int, rng: np.random.Generator) -> np.ndarray:
    count = rng.poisson(rate * (end - start))
    return np.sort(start + (end - start) * rng.random(count))


def windows(world: World, rng: np.random.Generator) -> Iterator[AnalysisWindow]:
    """Of the history, then of the rollout."""
    end = world.history + world.seconds
    times = _times(world.rate, 0, end, rng)
    chosen, of = rng.random(len(times)) < world.share, None
    if world.clients:
        client = rng.integers(0, world.clients, len(times))
        chosen = (rng.random(world.clients) < world.share)[client]
        fails = rng.random(world.clients) < world.failing_clients
        speeds = np.exp(world.spread * rng.standard_normal(world.clients))
        of = fails[client], speeds[client]
    chosen &= times >= world.history
    probe = world.probe
    worse = Release(probe.errors + world.probe_fault, slower=probe.slower)
    each = [
        _counts(world.candidate, times[chosen], end, rng, of and (of[0][chosen], of[1][chosen])),
        _counts(world.baseline, times[~chosen], end, rng, of and (of[0][~chosen], of[1][~chosen])),
        _counts(worse, _times(world.probes[0], world.history, end, rng), end, rng),
        _counts(probe, _times(world.probes[1], world.history, end, rng), end, rng),
    ]
    for second, (ours, theirs, our_probes, their_probes) in enumerate(zip(*each, strict=True)):
        if world.missing and second % world.missing == 0:
            theirs, their_probes = RequestCounts(), RequestCounts()
        alone = world.share >= 1.0 and second >= world.history
        yield AnalysisWindow(1.0, ours, theirs, alone, our_probes, their_probes)


def verdict(world: World, seed: tuple[int, ...]) -> tuple[float, float]:
    """Seconds until rolled back and until promoted, inf: never. A promotion ends nothing."""
    state, promoted = initial_state(world.settings), inf
    for number, window in enumerate(windows(world, np.random.default_rng(seed))):
        if number < world.history:
            state = observe_baseline(state, 1.0, window.baseline, window.baseline_probes)
            continue
        state, judgement = observe(state, window)
        now = float(number + 1 - world.history)
        if judgement.decision is Decision.ROLL_BACK:
            return now, promoted
        if judgement.decision is Decision.PROMOTE:
            if world.right == "rolled back" or world.right == "not promoted":
                return inf, now
            promoted = min(promoted, now)
    return inf, promoted


HANGS = tuple(
    World(f"never answers {share:.0%} of its requests", "rolled back", Release(hang=share))
    for share in (0.02, 0.1, 0.5, 0.9)
)
LATE = tuple(
    World(f"{share:.0%} fail after 120 s", "not promoted", Release(late=share), seconds=119)
    for share in (0.05, 0.01)
)
PROBES = (
    *(
        World(
            f"probes twice as slow as people, {rate} requests a second",
            "not rolled back",
            rate=rate,
            probes=(5.0, 1.0),
            probe=Release(slower=2.0),
        )
        for rate in (5, 20, 40)
    ),
    World(
        "probes fail 1 % in both",
        "not rolled back",
        rate=20,
        probes=(5.0, 1.0),
        probe=Release(errors=0.01),
    ),
    World(
        "probes 1.3 times as slow",
        "not rolled back",
        rate=20,
        probes=(5.0, 1.0),
        probe=Release(slower=1.3),
    ),
)
DILUTED = World(
    "people fail 2 % at 5 a second, probes are fast and good",
    "rolled back",
    Release(errors=0.02),
    rate=50,
    probes=(5.0, 5.0),
    probe=Release(errors=0.0, slower=0.2),
    seconds=1800,
)
MISSING = World("every tenth window without the baseline", "not rolled back", missing=10)
STICKY = tuple(
    World(name, "not rolled back", clients=500, settings=JudgeSettings(sticky=True), **traits)
    for name, traits in (
        ("clients stay, one of a hundred always fails", {"failing_clients": 0.01}),
        ("clients stay, each with a speed of its own", {"spread": 0.5}),
    )
)
AT_ONCE = tuple(
    World(f"{name}, all requests at once", right, *releases, share=1.0, history=600, seconds=120)
    for name, right, releases in (
        ("healthy", "not rolled back", ()),
        ("both fail twice as much from the switch on", "not rolled back", (Release(0.002),)),
        ("errors 0.1→1 %", "rolled back", (Release(0.01),)),
        ("errors 0.5→1 %", "rolled back", (Release(0.01), Release(0.005))),
    )
)
WORLDS = (*HANGS, *LATE, *PROBES, DILUTED, MISSING, *STICKY, *AT_ONCE)


def short(world: World) -> World:
    """The same in seconds, not minutes."""
    return replace(world, history=min(world.history, 60), seconds=min(world.seconds, 119))
