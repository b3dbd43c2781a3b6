"""The entry point: `shipway` and `python -m shipway`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its code."""
    from shipway.cli.invocation import invoke

    sys.exit(invoke(sys.argv[1:]))


if __name__ == "__main__":
    main()
