"""Any finding at all, for tests that must hold for every one."""

from __future__ import annotations

from hypothesis import strategies as st

from shipway.findings.finding import Finding, FindingKind, FindingState, Severity

# Whatever a file name, a message or a rule may hold, lone surrogates, controls and all.
ANY_TEXT = st.text(st.characters(), max_size=30)
UNICODE = st.text(max_size=30)
# As Python has the names of files: bytes that are no UTF-8 stand there as lone surrogates.
FILE_NAMES = st.binary(max_size=30).map(lambda raw: raw.decode("utf-8", "surrogateescape"))


def findings(
    text: st.SearchStrategy[str], path: st.SearchStrategy[str]
) -> st.SearchStrategy[Finding]:
    names = st.lists(text, max_size=3).map(tuple)
    return st.builds(
        Finding,
        tool=text,
        rule=text,
        severity=st.sampled_from(Severity),
        path=path,
        line=st.integers(0, 10**6),
        message=text,
        remedy=text,
        kind=st.sampled_from(FindingKind),
        confidence=text,
        score=text,
        cvss=st.none() | st.floats(0, 10),
        cwe=names,
        ids=names,
        package=text,
        link=text,
        content=text,
        also=names,
        state=st.sampled_from(FindingState),
        because=text,
        known_fingerprint=st.sampled_from(["", "331afaf3686255f2"]),
    )


FINDINGS = findings(ANY_TEXT, ANY_TEXT)
