"""Combine the coverage data of several steps and write one report, as JSON and as XML.

python combine_coverage.py OUT DATA…
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable

import coverage

# By its path: this program runs where Shipway is not installed.
_BESIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "coverage_settings.py")
combination: Callable[[str], coverage.Coverage] = runpy.run_path(_BESIDE)["combination"]


def main(out: str, *data: str) -> None:
    """Write OUT/coverage.json and .xml over all of DATA; say which of DATA is missing."""
    missing = [path for path in data if not os.path.isfile(path)]
    if missing or not data:
        sys.exit(f"no coverage data: {', '.join(missing) or 'no tests ran'}")
    combined = combination(f"{out}/combined.data")
    combined.combine(data, keep=True)
    combined.json_report(outfile=f"{out}/coverage.json", ignore_errors=True)
    combined.xml_report(outfile=f"{out}/coverage.xml", ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
