"""Which locked packages have known faults, by a folder of advisories in OSV format.

python -m shipway.checks.inside.match_advisories FOLDER LOCK
python -m shipway.checks.inside.match_advisories FOLDER --dpkg STATUS [--ecosystem Debian:12]

Prints JSON. Run by Shipway's own Python: it uses libraries that an application may not have.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from shipway.checks.osv.advisory import Advisories, Entry, read
from shipway.checks.osv.dpkg import installed
from shipway.checks.osv.locked import locked
from shipway.checks.osv.ordering import Ordering, ordering
from shipway.checks.osv.package import Package
from shipway.checks.osv.ranges import affects, fixes
from shipway.checks.osv.rating import base_score, word

DAY = 86400.0


def main(words: Sequence[str], now: float) -> None:
    """Print what is affected, and what could not be told."""
    given = _given(words)
    ecosystem = given.ecosystem if given.dpkg else "PyPI"
    read_from = given.dpkg or given.lock
    try:
        rules = ordering(ecosystem)
        packages = installed(read_from) if given.dpkg else locked(read_from)
        advisories = read(given.folder, ecosystem, rules)
    except OSError as problem:
        sys.exit(f"error: {problem.filename}: {problem.strerror}")
    except ValueError as problem:
        sys.exit(f"error: {read_from}: {problem}")
    print(json.dumps(report(packages, advisories, rules, now), indent=1))


def report(
    packages: Sequence[Package], advisories: Advisories, rules: Ordering, now: float
) -> dict[str, Any]:
    """What is printed."""
    newest = advisories.newest
    return {
        "packages": len(packages),
        "advisories": advisories.count,
        "age_days": None if newest is None else max(0.0, now - newest) / DAY,
        "unread": sorted(advisories.unread),
        "unpinned": [one.name for one in packages if not one.version],
        "matches": [
            match
            for package in packages
            if package.version
            for match in _matches(package, advisories.by_package.get(package.name, []), rules)
        ],
    }


def _matches(package: Package, entries: Sequence[Entry], rules: Ordering) -> list[dict[str, Any]]:
    """One a fault: databases tell of the same one under names of their own."""
    groups: list[dict[str, Any]] = []
    for advisory, affected in entries:
        certain = _affects(affected, package.version, rules)
        if certain is None:
            continue
        match = _match(package, advisory, affected, rules, certain)
        names = set(match["same"])
        same = [group for group in groups if names & set(group["same"])]
        for group in same:
            groups.remove(group)
            match = _joined(group, match, rules)
        groups.append(match)
    return groups


def _affects(affected: Mapping[str, Any], version: str, rules: Ordering) -> bool | None:
    """True: it does. False: that cannot be told. None: it does not."""
    try:
        return True if affects(affected, version, rules) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _match(
    package: Package, advisory: Mapping[str, Any], affected: Mapping[str, Any], rules: Ordering,
    certain: bool,
) -> dict[str, Any]:  # fmt: skip
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


def _joined(first: dict[str, Any], other: dict[str, Any], rules: Ordering) -> dict[str, Any]:
    """The rated one speaks for both; neither loses what only it knows."""
    if other["cvss"] is not None and first["cvss"] is None:
        first, other = other, first
    joined = {name: first[name] or other[name] for name in first}
    for name in ("same", "ids", "cwe", "fixed"):
        joined[name] = list(dict.fromkeys((*first[name], *other[name])))
    joined["fixed"].sort(key=rules.version)
    scores = [one["cvss"] for one in (first, other) if one["cvss"] is not None]
    return {**joined, "cvss": max(scores, default=None)}


def _link(advisory: Mapping[str, Any]) -> str:
    """The advisory itself, where it says so."""
    references = {one["type"]: one["url"] for one in reversed(advisory.get("references") or ())}
    return str(references.get("ADVISORY") or f"https://osv.dev/vulnerability/{advisory['id']}")


def _given(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="match_advisories")
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("lock", metavar="LOCK", nargs="?")
    parser.add_argument("--dpkg", metavar="STATUS")
    parser.add_argument("--ecosystem", default="Debian:12")
    given = parser.parse_args(words)
    if bool(given.lock) == bool(given.dpkg):
        parser.error("it takes a lock file or --dpkg")
    return given


if __name__ == "__main__":
    main(sys.argv[1:], time.time())
