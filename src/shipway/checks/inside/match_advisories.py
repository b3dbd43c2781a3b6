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
from collections.abc import Sequence
from typing import Any

from shipway.checks.osv.advisory import Advisories, read
from shipway.checks.osv.dpkg import installed
from shipway.checks.osv.locked import locked
from shipway.checks.osv.matching import matches
from shipway.checks.osv.ordering import Ordering, ordering
from shipway.checks.osv.package import Package

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
            for match in matches(package, advisories.by_package.get(package.name, []), rules)
        ],
    }


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
