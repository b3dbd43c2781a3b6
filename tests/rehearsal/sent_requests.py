"""Requests that a load has sent."""

from __future__ import annotations

from hypothesis import strategies as st

from shipway.rehearsal.load import KINDS, LoadResponse

requests = st.builds(
    LoadResponse,
    st.floats(0, 2e9),
    st.floats(0, 60),
    st.floats(0, 1),
    st.integers(0, 599),
    st.sampled_from(["", "reset", "timeout"]),
    st.text(),
    st.sampled_from(KINDS),
    st.integers(0, 9999),
)
GOOD = LoadResponse(100.0, 0.01, 0.0, 200, "", "one", "plain", 1)
