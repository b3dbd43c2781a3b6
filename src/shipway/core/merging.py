"""The same fault reported by several tools is one finding that names them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from shipway.core.finding import Finding, Kind


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One finding for each fault, worst first.

    The same fault is: a dependency's, when package and any id agree; a secret, when file and
    line agree; anything else, when file, line and any CWE (or else the rule) agree.
    """
    merged: list[Finding] = []
    by_key: dict[tuple[str, ...], int] = {}
    for finding in findings:
        keys = _keys(finding)
        place = next((by_key[key] for key in keys if key in by_key), None)
        if place is None:
            place = len(merged)
            merged.append(finding)
        else:
            merged[place] = _join(merged[place], finding)
        for key in keys:
            by_key.setdefault(key, place)
    return tuple(sorted(merged, key=_order))


def _keys(finding: Finding) -> list[tuple[str, ...]]:
    kind, place = finding.kind, finding.place
    if kind is Kind.DEPENDENCY:
        return [(kind, finding.package, name) for name in (*finding.ids, finding.rule)]
    if kind is Kind.SECRET:
        return [(kind, place)]
    if kind in (Kind.LICENCE, Kind.WAIVER):
        return [(kind, finding.package, place, finding.rule)]
    # An exact repetition by the same tool is one, too.
    return [(place, cwe) for cwe in finding.cwe] + [(place, finding.tool, finding.rule)]


def _join(first: Finding, other: Finding) -> Finding:
    """Both as one: the worse severity, and whatever either knows."""
    tools = [tool for tool in other.tools if tool not in first.tools]
    scores = [score for score in (first.cvss, other.cvss) if score is not None]
    return replace(
        first,
        severity=max(first.severity, other.severity),
        also=(*first.also, *tools),
        remedy=first.remedy or other.remedy,
        confidence=first.confidence or other.confidence,
        cvss=max(scores, default=None),
        cwe=tuple(dict.fromkeys((*first.cwe, *other.cwe))),
        ids=tuple(dict.fromkeys((*first.ids, *other.ids))),
        link=first.link or other.link,
        content=first.content or other.content,
    )


def _order(finding: Finding) -> tuple[int, str, int, str]:
    return (-finding.severity, finding.path, finding.line, finding.rule)
