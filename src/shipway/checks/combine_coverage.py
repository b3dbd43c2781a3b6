"""Run in the application's environment: combine coverage data and write one JSON report.

    python combine_coverage.py OUT DATA…

It imports nothing of Shipway, which that environment does not have.
"""

import sys

import coverage


def main(out: str, *data: str) -> None:
    """Write OUT/coverage.json over all of DATA."""
    whole = coverage.Coverage(data_file=f"{out}/combined.data", branch=True)
    whole.combine(data, keep=True)
    whole.json_report(outfile=f"{out}/coverage.json", ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
