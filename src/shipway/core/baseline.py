"""New against old: which findings a change adds, and which it mends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from shipway.core.finding import Finding, State


def compare(findings: Sequence[Finding], before: Iterable[str]) -> tuple[tuple[Finding, ...], int]:
    """The findings with those marked that were there before, and how many of those are gone.

    before: fingerprints. One that was there twice excuses two findings, not three.
    """
    left = Counter(before)
    marked = []
    for finding in findings:
        if finding.state is State.OPEN and left[finding.fingerprint] > 0:
            left[finding.fingerprint] -= 1
            finding = replace(finding, state=State.KNOWN, because="it was there before")
        elif finding.state in (State.WAIVED, State.SET_ASIDE):
            left[finding.fingerprint] -= 1
        marked.append(finding)
    return tuple(marked), sum(count for count in left.values() if count > 0)
