"""Counts of a stretch of time, added and scaled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.rollouts.analysis.rollout_analysis import scale_counts
from shipway.rollouts.analysis.window import RequestCounts


@st.composite
def counted(draw: st.DrawFn) -> RequestCounts:
    below = sorted(draw(st.lists(st.integers(0, 50_000), min_size=3, max_size=3)))
    errors = draw(st.integers(0, below[-1]))
    return RequestCounts(
        below[-1], errors, dict(zip((5.0, 50.0, float("inf")), below, strict=True))
    )


@given(counted(), st.integers(1, 2_000))
def test_fewer_requests_keep_their_proportions(counts: RequestCounts, most: int) -> None:
    found = scale_counts(counts, most)
    assert found.requests == min(most, counts.requests)
    assert _is_part(found.errors, counts.errors, found, counts)
    assert list(found.buckets.values()) == sorted(found.buckets.values())
    for edge, count in counts.buckets.items():
        assert _is_part(found.buckets[edge], count, found, counts)
    assert found.buckets[float("inf")] == found.requests


def _is_part(fewer: int, count: int, found: RequestCounts, counts: RequestCounts) -> bool:
    """Less than one away from the same share of the requests, and never below it."""
    return 0 <= fewer * counts.requests - count * found.requests <= max(0, counts.requests - 1)
