"""Any finding at all, for tests that must hold for every one."""

from __future__ import annotations

from hypothesis import strategies as st

from shipway.core.finding import Finding, Kind, Severity, State

# Whatever a file name, a message or a rule may hold, lone surrogates, controls and all.
ANY_TEXT = st.text(st.characters(), max_size=30)
_NAMES = st.lists(ANY_TEXT, max_size=3).map(tuple)

FINDINGS = st.builds(
    Finding,
    tool=ANY_TEXT,
    rule=ANY_TEXT,
    severity=st.sampled_from(Severity),
    path=ANY_TEXT,
    line=st.integers(0, 10**6),
    message=ANY_TEXT,
    remedy=ANY_TEXT,
    kind=st.sampled_from(Kind),
    confidence=ANY_TEXT,
    score=ANY_TEXT,
    cvss=st.none() | st.floats(0, 10),
    cwe=_NAMES,
    ids=_NAMES,
    package=ANY_TEXT,
    link=ANY_TEXT,
    content=ANY_TEXT,
    also=_NAMES,
    state=st.sampled_from(State),
    because=ANY_TEXT,
)
