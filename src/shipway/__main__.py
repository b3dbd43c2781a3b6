"""The entry point: `shipway` and `python -m shipway`."""

from __future__ import annotations

import gc
import sys

from shipway.cli.dispatch import invoke
from shipway.system.interruption import ignore_interruptions, interruptions


def main() -> None:
    """Run the command line and exit with its code."""
    # A command lives for seconds and keeps nearly all that it makes: looking for garbage after
    # every 700 objects, as Python does, costs a sixth of an unchanged run.
    gc.set_threshold(100_000)

    code = 130
    with interruptions():
        try:
            try:
                code = invoke(sys.argv[1:])
            finally:
                ignore_interruptions()
        except KeyboardInterrupt:  # it came when the command had ended
            ignore_interruptions()
        sys.exit(code)


if __name__ == "__main__":
    main()
