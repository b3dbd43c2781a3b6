"""Which response times count as slow: edges of the histogram, fixed before the window.

τ is the baseline's quantile so far. Whatever lies between two edges is rounded in the candidate's
favour when it is to be rolled back and against it when it is to be promoted.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from math import inf, sqrt

from shipway.config.tables import JudgeSettings
from shipway.rollouts.analysis.window import RequestCounts

QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
HALF_LIFE = 300.0  # seconds after which the baseline's response times count half
ENOUGH = 50.0  # responses before a quantile is taken from them

_E24 = (
    10,
    11,
    12,
    13,
    15,
    16,
    18,
    20,
    22,
    24,
    27,
    30,
    33,
    36,
    39,
    43,
    47,
    51,
    56,
    62,
    68,
    75,
    82,
    91,
)

# What a proxy should be told to count, in milliseconds: neighbours differ by a tenth, and no edge
# has more than the two significant digits that Envoy's histograms keep exactly.
EDGES = (
    *(float(ms) for ms in range(1, 10)),
    *(float(step * 10**power) for power in range(4) for step in _E24),
    100_000.0,
)

Histogram = tuple[tuple[float, float], ...]  # (upper edge in ms, responses at or below), rising


def decayed_histogram(histogram: Histogram, counts: RequestCounts, seconds: float) -> Histogram:
    """The baseline's histogram with one more window, the older the fainter.

    Where the edges changed, it begins anew.
    """
    if not counts.buckets:
        return histogram
    new = {**counts.buckets, inf: response_count(counts)}
    old = dict(histogram)
    if old.keys() != new.keys():
        old = {}
    decay = 0.5 ** (seconds / HALF_LIFE)
    return tuple((edge, decay * old.get(edge, 0.0) + new[edge]) for edge in sorted(new))


def quantile_edge(histogram: Histogram, quantile: float) -> float | None:
    """The first edge that has so much of the responses at or below it; None: not known."""
    if not histogram or histogram[-1][1] < ENOUGH:
        return None
    target = quantile * histogram[-1][1]
    upper_edge = next(edge for edge, count in histogram if count >= target)
    return None if upper_edge == inf else upper_edge


def share_above(histogram: Histogram, edge: float) -> float:
    """The share of responses above an edge of the histogram, 0 to 1: what was counted, and three
    standard errors more."""
    total = histogram[-1][1]
    above = total - next(count for bucket, count in histogram if bucket == edge)
    return min(1.0, (above + 3.0 * sqrt(above) + 3.0) / total)


def tolerated_time(settings: JudgeSettings, threshold: float) -> float:
    """What a response that took the baseline `threshold` milliseconds may take."""
    return max((1.0 + settings.latency_tolerance) * threshold, threshold + settings.latency_slack)


def edge_at_least(buckets: Mapping[float, int], value: float) -> float | None:
    """The first finite edge at or above a value, in milliseconds."""
    edges = sorted(edge for edge in buckets if edge != inf)
    index = bisect_left(edges, value * (1.0 - 1e-9))
    return edges[index] if index < len(edges) else None


def edge_at_most(buckets: Mapping[float, int], value: float) -> float | None:
    """The last edge at or below a value, in milliseconds."""
    edges = sorted(buckets)
    index = bisect_right(edges, value * (1.0 + 1e-9))
    return edges[index - 1] if index else None


def response_count(counts: RequestCounts) -> int:
    """Responses in the histogram."""
    if not counts.buckets:
        return 0
    return counts.buckets.get(inf, max(counts.requests, *counts.buckets.values()))


def slower_count(counts: RequestCounts, edge: float) -> int:
    """Responses that took longer than an edge; 0 where it is none of the histogram's."""
    return max(0, response_count(counts) - counts.buckets[edge]) if edge in counts.buckets else 0


def slower_than(counts: RequestCounts, value: float) -> float:
    """Responses that took longer than a value in milliseconds, taken to lie evenly between two
    edges."""
    edges = sorted(edge for edge in counts.buckets if edge != inf)
    index = bisect_right(edges, value)
    below = float(counts.buckets[edges[index - 1]]) if index else 0.0
    if index < len(edges):
        lower = edges[index - 1] if index else 0.0
        part = (value - lower) / (edges[index] - lower)
        below += (counts.buckets[edges[index]] - below) * part
    return max(0.0, response_count(counts) - below)
