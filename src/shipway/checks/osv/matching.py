"""What an advisory says of a package, and several that tell of the same fault as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shipway.checks.osv.advisory import Entry
from shipway.checks.osv.ordering import Ordering
from shipway.checks.osv.package import Package
from shipway.checks.osv.ranges import affects, fixes
from shipway.checks.osv.rating import base_score, word


def matches(package: Package, entries: Sequence[Entry], rules: Ordering) -> list[dict[str, Any]]:
    """One a fault: databases tell of the same one under names of their own."""
    groups: list[dict[str, Any]] = []
    for advisory, affected in entries:
        certain = _affects(affected, package.version, rules)
        if certain is None:
            continue
        match = told(package, advisory, affected, rules, certain=certain)
        names = set(match["same"])
        same = [group for group in groups if names & set(group["same"])]
        for group in same:
            groups.remove(group)
            match = joined(group, match, rules)
        groups.append(match)
    return groups


def _affects(affected: Mapping[str, Any], version: str, rules: Ordering) -> bool | None:
    """True: it does. False: that cannot be told. None: it does not."""
    try:
        return True if affects(affected, version, rules) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def told(
    package: Package, advisory: Mapping[str, Any], affected: Mapping[str, Any], rules: Ordering,
    *, certain: bool,
) -> dict[str, Any]:  # fmt: skip
    """A fault, as plain data; `certain` where it is known that this version has it."""
    same = [advisory["id"], *(advisory.get("aliases") or ())]
    severities = affected.get("severity") or advisory.get("severity") or ()
    details = str(advisory.get("details") or "").strip().partition("\n")[0]
    return {
        **asdict(package), "id": advisory["id"], "same": same,
        "ids": [*same, *(advisory.get("upstream") or ())],
        "summary": str(advisory.get("summary") or details), "certain": certain,
        "cvss": base_score(severities), "word": word(advisory, affected),
        "cwe": list((advisory.get("database_specific") or {}).get("cwe_ids") or ()),
        "fixed": fixes(affected, package.version, rules) if certain else [],
        "link": _link(advisory),
    }  # fmt: skip


def joined(first: dict[str, Any], other: dict[str, Any], rules: Ordering) -> dict[str, Any]:
    """The rated one speaks for both; neither loses what only it knows."""
    if other["cvss"] is not None and first["cvss"] is None:
        first, other = other, first
    both = {name: first[name] or other[name] for name in first}
    for name in ("same", "ids", "cwe", "fixed"):
        both[name] = list(dict.fromkeys((*first[name], *other[name])))
    both["fixed"].sort(key=rules.version)
    scores = [one["cvss"] for one in (first, other) if one["cvss"] is not None]
    return {**both, "cvss": max(scores, default=None)}


def _link(advisory: Mapping[str, Any]) -> str:
    """The advisory itself, where it says so."""
    references = {one["type"]: one["url"] for one in reversed(advisory.get("references") or ())}
    return str(references.get("ADVISORY") or f"https://osv.dev/vulnerability/{advisory['id']}")
