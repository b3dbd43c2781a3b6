"""The entry point: `shipway` and `python -m shipway`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and exit with its code."""
    # A command lives for seconds and keeps nearly all that it makes: looking for garbage after
    # every 700 objects, as Python does, costs a sixth of an unchanged run.
    gc.set_threshold(100_000)
    from shipway.cli.invocation import invoke
    from shipway.effects.interruption import interruptions

    with interruptions():
        sys.exit(invoke(sys.argv[1:]))


if __name__ == "__main__":
    main()
