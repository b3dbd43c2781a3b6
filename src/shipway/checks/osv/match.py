"""What an advisory says of a package, and several that tell of the same fault as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shipway.checks.osv.advisory import Entry
from shipway.checks.osv.package import Comparable, Ordering, Package

# Whether a version is affected, as the OSV schema says under "Evaluation".

# At one version, what ends before it comes first, then what begins with it, then what ends after.
_TURNS = {"fixed": 0, "introduced": 1, "last_affected": 2}


def affects(affected: Mapping[str, Any], version: str, ordering: Ordering) -> bool:
    """Listed, or in one of the ranges; ValueError where that cannot be told.

    Ranges of commits are no order of releases. A version that is not understood can only be
    listed word for word.
    """
    listed = [str(entry) for entry in affected.get("versions") or ()]
    if version in listed:
        return True
    ranges = [entry for entry in affected.get("ranges") or () if entry["type"] != "GIT"]
    if not ranges and not listed:
        raise ValueError("it names no versions")
    parsed = ordering.version(version)
    return _is_listed(parsed, listed, ordering) or any(
        _in_range(parsed, entry["events"], ordering) for entry in ranges
    )


def fixes(affected: Mapping[str, Any], version: str, ordering: Ordering) -> list[str]:
    """The first version after this one of each range that has the fault no more, lowest first."""
    parsed = ordering.version(version)
    candidates: list[tuple[Comparable, str]] = []
    for entry in affected.get("ranges") or ():
        if entry["type"] == "GIT" or not _in_range(parsed, entry["events"], ordering):
            continue
        fixed = [str(event["fixed"]) for event in entry["events"] if "fixed" in event]
        later = [(ordering.version(text), text) for text in fixed]
        candidates += sorted(
            ((at, text) for at, text in later if parsed < at), key=lambda pair: pair[0]
        )[:1]
    return list(dict.fromkeys(text for _, text in sorted(candidates, key=lambda pair: pair[0])))


def _is_listed(parsed: Comparable, listed: Sequence[str], ordering: Ordering) -> bool:
    """The same version in another spelling; lists of old packages hold what is no version."""
    for text in listed:
        try:
            if ordering.version(text) == parsed:
                return True
        except ValueError:
            continue
    return False


def _in_range(parsed: Comparable, events: Sequence[Mapping[str, str]], ordering: Ordering) -> bool:
    if not _below_a_limit(parsed, events, ordering):
        return False
    inside = False
    for at, kind in _sorted(events, ordering):
        reached = at is None or at <= parsed
        if kind == "introduced" and reached:
            inside = True
        elif (kind == "fixed" and reached) or (kind == "last_affected" and at and at < parsed):
            inside = False
    return inside


def _below_a_limit(
    parsed: Comparable, events: Sequence[Mapping[str, str]], ordering: Ordering
) -> bool:
    limits = [event["limit"] for event in events if "limit" in event]
    return not limits or any(limit == "*" or parsed < ordering.version(limit) for limit in limits)


def _sorted(
    events: Sequence[Mapping[str, str]], ordering: Ordering
) -> list[tuple[Comparable | None, str]]:
    """Events in the order of their versions; "introduced 0", which is None, is before them all."""
    first: list[tuple[Comparable | None, str]] = []
    turns: list[tuple[Comparable, str]] = []
    for event in events:
        for kind, text in event.items():
            if kind == "introduced" and text == "0":
                first.append((None, kind))
            elif kind in _TURNS:
                turns.append((ordering.version(text), kind))
    turns.sort(key=lambda turn: _TURNS[turn[1]])
    turns.sort(key=lambda turn: turn[0])  # stable: at one version, the turns stay in theirs
    return [*first, *turns]


# How bad an advisory says its fault is.

_KINDS = ("CVSS_V4", "CVSS_V3", "CVSS_V2")  # the newest one counts


def base_score(severities: Sequence[Mapping[str, Any]]) -> float | None:
    """The base score, 0 to 10, of the newest kind of vector; None where there is none."""
    for kind in _KINDS:
        scores = [
            _score(kind, str(severity["score"]))
            for severity in severities
            if severity["type"] == kind
        ]
        if rated := [score for score in scores if score is not None]:
            return max(rated)
    return None


def _score(kind: str, text: str) -> float | None:
    # Slow to import, and most configurations match no advisories.
    from cvss import (  # type: ignore[import-untyped]  # it has no types
        CVSS2,
        CVSS3,
        CVSS4,
        CVSSError,
    )

    vector = {"CVSS_V4": CVSS4, "CVSS_V3": CVSS3, "CVSS_V2": CVSS2}[kind]
    try:
        return float(vector(text).base_score)
    except CVSSError:
        return None


def severity_name(advisory: Mapping[str, Any], affected: Mapping[str, Any]) -> str:
    """The database's own word: GitHub's HIGH, Ubuntu's medium, Debian's urgency."""
    for source in (affected, advisory):
        for key in ("ecosystem_specific", "database_specific"):
            own = source.get(key) or {}
            if label := own.get("severity") or own.get("urgency"):
                return str(label)
    return ""


def vulnerabilities_of(
    package: Package, entries: Sequence[Entry], rules: Ordering
) -> list[dict[str, Any]]:
    """One a fault: databases tell of the same one under names of their own."""
    groups: list[dict[str, Any]] = []
    for advisory, affected in entries:
        certain = _affects(affected, package.version, rules)
        if certain is None:
            continue
        match = vulnerability_to_dict(package, advisory, affected, rules, certain=certain)
        names = set(match["same"])
        same = [group for group in groups if names & set(group["same"])]
        for group in same:
            groups.remove(group)
            match = merge_advisories(group, match, rules)
        groups.append(match)
    return groups


def _affects(affected: Mapping[str, Any], version: str, rules: Ordering) -> bool | None:
    """True: it does. False: that cannot be told. None: it does not."""
    try:
        return True if affects(affected, version, rules) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def vulnerability_to_dict(
    package: Package,
    advisory: Mapping[str, Any],
    affected: Mapping[str, Any],
    rules: Ordering,
    *,
    certain: bool,
) -> dict[str, Any]:
    """A fault, as plain data; `certain` where it is known that this version has it."""
    same = [advisory["id"], *(advisory.get("aliases") or ())]
    severities = affected.get("severity") or advisory.get("severity") or ()
    details = str(advisory.get("details") or "").strip().partition("\n")[0]
    return {
        **asdict(package),
        "id": advisory["id"],
        "same": same,
        "ids": [*same, *(advisory.get("upstream") or ())],
        "summary": str(advisory.get("summary") or details),
        "certain": certain,
        "cvss": base_score(severities),
        "word": severity_name(advisory, affected),
        "cwe": list((advisory.get("database_specific") or {}).get("cwe_ids") or ()),
        "fixed": fixes(affected, package.version, rules) if certain else [],
        "link": _link(advisory),
    }


def merge_advisories(
    first: dict[str, Any], other: dict[str, Any], rules: Ordering
) -> dict[str, Any]:
    """The rated one speaks for both; neither loses what only it knows."""
    if other["cvss"] is not None and first["cvss"] is None:
        first, other = other, first
    both = {name: first[name] or other[name] for name in first}
    for name in ("same", "ids", "cwe", "fixed"):
        both[name] = list(dict.fromkeys((*first[name], *other[name])))
    both["fixed"].sort(key=rules.version)
    scores = [match["cvss"] for match in (first, other) if match["cvss"] is not None]
    return {**both, "cvss": max(scores, default=None)}


def _link(advisory: Mapping[str, Any]) -> str:
    """The advisory itself, where it says so."""
    references = {
        reference["type"]: reference["url"]
        for reference in reversed(advisory.get("references") or ())
    }
    return str(references.get("ADVISORY") or f"https://osv.dev/vulnerability/{advisory['id']}")
