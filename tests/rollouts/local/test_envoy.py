"""What Envoy has counted, between two readings."""

from __future__ import annotations

from dataclasses import replace

from shipway.rollouts.local.envoy import ClusterStats

EARLIER = ClusterStats(requests=90, errors=1, sent=95)
LATER = ClusterStats(requests=100, errors=2, sent=107)


def test_what_came_since_is_the_difference() -> None:
    counts = LATER.since(EARLIER)
    assert (counts.requests, counts.errors, counts.sent) == (10, 1, 12)


def test_an_envoy_that_was_started_anew_begins_at_nothing() -> None:
    counts = EARLIER.since(LATER)
    assert (counts.requests, counts.errors, counts.sent) == (90, 1, 95)


def test_what_an_older_build_did_not_count_is_not_taken_for_none() -> None:
    """A rollout of it goes on: all that was sent before is not what was sent just now."""
    assert LATER.since(replace(EARLIER, sent=None)).sent is None
