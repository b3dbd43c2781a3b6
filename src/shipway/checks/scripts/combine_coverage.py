"""Combine the coverage data of several steps and write one report, as JSON and as XML.

python combine_coverage.py OUT DATA…
"""

import os
import sys

import coverage


def main(out: str, *data: str) -> None:
    """Write OUT/coverage.json and .xml over all of DATA; say which of DATA is missing."""
    missing = [path for path in data if not os.path.isfile(path)]
    if missing or not data:
        sys.exit(f"no coverage data: {', '.join(missing) or 'no tests ran'}")
    combined = coverage.Coverage(data_file=f"{out}/combined.data", data_suffix=False, branch=True)
    combined.combine(data, keep=True)
    combined.json_report(outfile=f"{out}/coverage.json", ignore_errors=True)
    combined.xml_report(outfile=f"{out}/coverage.xml", ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
