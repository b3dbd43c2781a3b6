"""The same fault reported by several tools is one finding that names them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from shipway.findings.finding import Finding, FindingKind, FindingState


def deduplicate(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each fault, worst first.

    The same fault is: a dependency's, when package and any id agree; a secret, when file and
    line agree; anything else, when file, line and any id or CWE (or else tool and rule) agree.
    What one tool reports by two of its rules, or as two secrets, it means as two faults, unless
    their ids agree. What has no place is the same only as its exact repetition. A fault that is
    open for one tool is open, whatever another one resolved.
    """
    merged: list[Finding] = []
    certain: dict[_Key, int] = {}
    likely = _Likely()
    for finding in findings:
        names, weaknesses = _names(finding), _weaknesses(finding)
        index = next((certain[name] for name in names if name in certain), None)
        if index is None:
            index = likely.row(weaknesses, finding.tool)
        if index is None:
            index = len(merged)
            merged.append(finding)
        else:
            merged[index] = _join(merged[index], finding)
        likely.add(weaknesses, finding.tool, index)
        for name in names:
            certain.setdefault(name, index)
    return tuple(sorted(merged, key=_order))


_Key = tuple[str, ...]


class _Likely:
    """Rows by weakness, and who reports them: looked through once for each tool, not each time."""

    def __init__(self) -> None:
        self._rows: dict[_Key, list[int]] = {}
        self._known: set[tuple[_Key, int]] = set()
        self._tools: set[tuple[int, str]] = set()
        self._start: dict[tuple[_Key, str], int] = {}

    def row(self, weaknesses: Iterable[_Key], tool: str) -> int | None:
        """The first row of one of the weaknesses that the tool does not report yet."""
        for weakness in weaknesses:
            rows, start = self._rows.get(weakness, []), self._start.get((weakness, tool), 0)
            while start < len(rows) and (rows[start], tool) in self._tools:
                start += 1
            self._start[weakness, tool] = start
            if start < len(rows):
                return rows[start]
        return None

    def add(self, weaknesses: Iterable[_Key], tool: str, row: int) -> None:
        """A finding of the tool became part of a row."""
        self._tools.add((row, tool))
        for weakness in weaknesses:
            if (weakness, row) not in self._known:
                self._known.add((weakness, row))
                self._rows.setdefault(weakness, []).append(row)


def _names(finding: Finding) -> list[_Key]:
    """What two findings of one fault share for certain."""
    kind, location = finding.kind, finding.place
    if kind is FindingKind.DEPENDENCY and finding.package:
        return [(kind, finding.package, name) for name in (*finding.ids, finding.rule)]
    if kind in (FindingKind.LICENCE, FindingKind.WAIVER) and (finding.package or finding.path):
        return [(kind, finding.package, location, finding.rule)]
    # An exact repetition by the same tool is one, too; a line makes it exact, else its words do.
    words = "" if finding.path and finding.line else finding.message
    if kind is FindingKind.SECRET:
        return [(kind, finding.tool, location, finding.content or finding.rule, words)]
    # What names no package may be anything, but is no fault of the code.
    where = (kind, location) if kind is FindingKind.DEPENDENCY else (location,)
    shared = [(*where, name) for name in finding.ids] if finding.path else []
    return [*shared, (*where, finding.tool, finding.rule, words)]


def _weaknesses(finding: Finding) -> list[_Key]:
    """What findings of one fault by different tools share: what is wrong at one line."""
    if not (finding.path and finding.line):
        return []
    if finding.kind is FindingKind.SECRET:
        return [(finding.place, finding.kind)]
    joined = finding.kind in (FindingKind.CODE, FindingKind.CONFIGURATION)
    return [(finding.place, cwe) for cwe in finding.cwe] if joined else []


# Of two states, the one that says less in the finding's favour holds.
_PRECEDENCE = (
    FindingState.OPEN,
    FindingState.KNOWN,
    FindingState.WAIVED,
    FindingState.DISMISSED,
)


def _join(first: Finding, other: Finding) -> Finding:
    """Both as one: the state that counts, the worse severity, and whatever either knows."""
    if _PRECEDENCE.index(other.state) < _PRECEDENCE.index(first.state):
        first, other = other, first  # the words of a finding that is waived are not about this one
    tools = [tool for tool in other.tools if tool not in first.tools]
    scores = [score for score in (first.cvss, other.cvss) if score is not None]
    worse = _worse(first, other)
    return replace(
        first,
        severity=worse.severity,
        score=worse.score,
        also=(*first.also, *tools),
        remedy=first.remedy or other.remedy,
        confidence=first.confidence or other.confidence,
        cvss=max(scores, default=None),
        cwe=tuple(dict.fromkeys((*first.cwe, *other.cwe))),
        ids=tuple(dict.fromkeys((*first.ids, *other.ids))),
        link=first.link or other.link,
        content=first.content or other.content,
    )


def _worse(first: Finding, other: Finding) -> Finding:
    """Which of both says how bad it is. What its tool did not rate stands for the worst that it
    might be, which says nothing against a tool that knows."""
    if first.kind is not FindingKind.SECRET and first.rated != other.rated:
        return first if first.rated else other
    return other if other.severity > first.severity else first


def _order(finding: Finding) -> tuple[int, str, int, str]:
    return (-finding.severity, finding.path, finding.line, finding.rule)
