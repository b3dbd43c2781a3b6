"""Which locked packages have known faults, by a folder of advisories in OSV format.

python -m shipway.checks.scripts.match_advisories FOLDER LOCK

Prints JSON. Run by Shipway's own Python: it uses libraries that an application may not have.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from typing import Any

from shipway.checks.osv.advisory import AdvisoryDatabase, read_advisories
from shipway.checks.osv.lockfile import locked_packages
from shipway.checks.osv.match import vulnerabilities_of
from shipway.checks.osv.package import Ordering, Package, version_ordering

DAY = 86400.0


def main(folder: str, lock: str, now: float) -> None:
    """Print what is affected, and what could not be told. now: seconds since the epoch."""
    rules = version_ordering("PyPI")
    try:
        packages = locked_packages(lock)
        advisories = read_advisories(folder, "PyPI", rules)
    except OSError as problem:
        sys.exit(f"error: {problem.filename}: {problem.strerror}")
    except ValueError as problem:
        sys.exit(f"error: {lock}: {problem}")
    print(json.dumps(advisory_report(packages, advisories, rules, now), indent=1))


def advisory_report(
    packages: Sequence[Package], advisories: AdvisoryDatabase, rules: Ordering, now: float
) -> dict[str, Any]:
    """What is printed."""
    newest = advisories.newest
    return {
        "packages": len(packages),
        "advisories": advisories.count,
        "age_days": None if newest is None else max(0.0, now - newest) / DAY,
        "unread": sorted(advisories.unread),
        "unpinned": [package.name for package in packages if not package.version],
        "matches": [
            match
            for package in packages
            if package.version
            for match in vulnerabilities_of(
                package, advisories.by_package.get(package.name, []), rules
            )
        ],
    }


if __name__ == "__main__":
    folder, lock = sys.argv[1:]
    main(folder, lock, time.time())
