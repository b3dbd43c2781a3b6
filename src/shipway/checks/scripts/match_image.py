"""Which packages of an image have known faults, by a folder of advisories in OSV format.

python -m shipway.checks.scripts.match_image FOLDER IMAGE

Prints JSON; ends with 3 where the image cannot be read, and `refused` says why. Run by Shipway's
own Python: it uses libraries that an application may not have.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from shipway.checks.osv.advisory import read_advisories
from shipway.checks.osv.image import packages_of_image
from shipway.checks.osv.layers import UnreadableArchive
from shipway.checks.osv.package import Package, version_ordering
from shipway.checks.scripts.match_advisories import advisory_report


def main(folder: str, image: str, now: float) -> int:
    """Print what is affected, by ecosystem; the exit code. now: seconds since the epoch."""
    try:
        inventory = packages_of_image(image)
    except UnreadableArchive as problem:
        print(json.dumps({"refused": str(problem)}))
        return 3
    try:
        document = {
            ecosystem: _matched(folder, ecosystem, places, now)
            for ecosystem, places in inventory.places.items()
        }
    except OSError as problem:
        print(f"error: {problem.filename}: {problem.strerror}", file=sys.stderr)
        return 1
    print(json.dumps(document, indent=1))
    return 0


def _matched(
    folder: str, ecosystem: str, places: Mapping[Package, str], now: float
) -> dict[str, Any]:
    """The report on one ecosystem, each match with the file that names the package."""
    rules = version_ordering(ecosystem)
    document = advisory_report(list(places), read_advisories(folder, ecosystem, rules), rules, now)
    for match in document["matches"]:
        match["place"] = places[Package(match["name"], match["version"])]
    return document


if __name__ == "__main__":
    folder, image = sys.argv[1:]
    sys.exit(main(folder, image, time.time()))
