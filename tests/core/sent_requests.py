"""Requests that a load has sent."""

from __future__ import annotations

from hypothesis import strategies as st

from shipway.core.load import (
    KINDS,
    Sent,
)

requests = st.builds(
    Sent, st.floats(0, 2e9), st.floats(0, 60), st.floats(0, 1), st.integers(0, 599),
    st.sampled_from(["", "reset", "timeout"]), st.text(), st.sampled_from(KINDS),
    st.integers(0, 9999),
)  # fmt: skip
GOOD = Sent(100.0, 0.01, 0.0, 200, "", "one", "plain", 1)
