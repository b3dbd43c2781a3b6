"""Which locked packages have known faults, by a folder of advisories in OSV format.

python -m shipway.checks.inside.match_advisories FOLDER LOCK

Prints JSON. Run by Shipway's own Python: it uses libraries that an application may not have.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from shipway.checks.osv.advisory import Advisories, read
from shipway.checks.osv.locked import locked
from shipway.checks.osv.matching import matches
from shipway.checks.osv.ordering import Ordering, ordering
from shipway.checks.osv.package import Package

DAY = 86400.0


def main(folder: str, lock: str, now: float) -> None:
    """Print what is affected, and what could not be told. now: seconds since the epoch."""
    rules = ordering("PyPI")
    try:
        packages = locked(lock)
        advisories = read(folder, "PyPI", rules)
    except OSError as problem:
        sys.exit(f"error: {problem.filename}: {problem.strerror}")
    except ValueError as problem:
        sys.exit(f"error: {lock}: {problem}")
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


if __name__ == "__main__":
    folder, lock = sys.argv[1:]
    main(folder, lock, time.time())
