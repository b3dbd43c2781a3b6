"""Whether a version is affected, as the OSV schema says under "Evaluation"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from shipway.checks.osv.ordering import Comparable, Ordering

# At one version, what ends before it comes first, then what begins with it, then what ends after.
_TURNS = {"fixed": 0, "introduced": 1, "last_affected": 2}


def affects(affected: Mapping[str, Any], version: str, ordering: Ordering) -> bool:
    """Listed, or in one of the ranges; ValueError where that cannot be told.

    Ranges of commits are no order of releases. A version that is not understood can only be
    listed word for word.
    """
    listed = [str(one) for one in affected.get("versions") or ()]
    if version in listed:
        return True
    ranges = [one for one in affected.get("ranges") or () if one["type"] != "GIT"]
    if not ranges and not listed:
        raise ValueError("it names no versions")
    asked = ordering.version(version)
    return _is_listed(asked, listed, ordering) or any(
        _in_range(asked, one["events"], ordering) for one in ranges
    )


def fixes(affected: Mapping[str, Any], version: str, ordering: Ordering) -> list[str]:
    """The first version after this one of each range that has the fault no more, lowest first."""
    asked = ordering.version(version)
    found: list[tuple[Comparable, str]] = []
    for one in affected.get("ranges") or ():
        if one["type"] == "GIT" or not _in_range(asked, one["events"], ordering):
            continue
        fixed = [str(event["fixed"]) for event in one["events"] if "fixed" in event]
        later = [(ordering.version(text), text) for text in fixed]
        found += sorted(((at, text) for at, text in later if asked < at), key=lambda pair: pair[0])[
            :1
        ]
    return list(dict.fromkeys(text for _, text in sorted(found, key=lambda pair: pair[0])))


def _is_listed(asked: Comparable, listed: Sequence[str], ordering: Ordering) -> bool:
    """The same version in another spelling; lists of old packages hold what is no version."""
    for text in listed:
        try:
            if ordering.version(text) == asked:
                return True
        except ValueError:
            continue
    return False


def _in_range(asked: Comparable, events: Sequence[Mapping[str, str]], ordering: Ordering) -> bool:
    if not _below_a_limit(asked, events, ordering):
        return False
    inside = False
    for at, kind in _sorted(events, ordering):
        reached = at is None or at <= asked
        if kind == "introduced" and reached:
            inside = True
        elif (kind == "fixed" and reached) or (kind == "last_affected" and at and at < asked):
            inside = False
    return inside


def _below_a_limit(
    asked: Comparable, events: Sequence[Mapping[str, str]], ordering: Ordering
) -> bool:
    limits = [event["limit"] for event in events if "limit" in event]
    return not limits or any(one == "*" or asked < ordering.version(one) for one in limits)


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
