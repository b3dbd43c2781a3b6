"""`make soak`: the deploying process is killed at every writing of every strategy, for real.

`python -m tests.e2e.soak [STRATEGY…]`: a release that is good and one whose smoke test fails are
rolled out again and again, each time by a process that is killed one writing later, before or
after it; then one of four commands, in turn, ends it. One client asks all the time. It ends with 1
at the first request that fails, and wherever anything else is left than one release.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.e2e.dying import Death
from tests.e2e.local_site import GOOD, Client
from tests.e2e.ordeal import STRATEGIES, WRONG, Ordeal

COMMANDS = ("resume", "cancel", "deploy", "rollback")


def soak(ordeal: Ordeal) -> Counter[str]:
    """How many were killed, by what had to be done then."""
    counts: Counter[str] = Counter()
    for code in (GOOD, WRONG):
        died, nth = True, 0
        while died:
            for before in (True, False):
                good, command = code == GOOD, COMMANDS[(nth + before) % len(COMMANDS)]
                release = ordeal.release(code)
                died = ordeal.kill(release, Death(nth, "", before))
                if not died:  # to the end: good, or rolled back
                    ordeal.serving = release if good else ordeal.serving
                    ordeal.only()
                    break
                receipt = ordeal.end(release, command, good=good)
                counts["killed"] += 1
                counts[f"{command}: {receipt.verdict}" if receipt else "nothing was left"] += 1
            nth += 1
    return counts


def main() -> int:
    """All strategies, or those that were named."""
    for strategy in sys.argv[1:] or STRATEGIES:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            ordeal = Ordeal(Path(folder))
            ordeal.set(strategy)
            try:
                with Client(ordeal.site.port) as client:
                    counts = soak(ordeal)
            finally:
                ordeal.close()
        killed = counts.pop("killed")
        ends = ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))
        print(
            f"{strategy}: killed {killed} times in {time.monotonic() - started:.0f} s;"
            f" {sum(client.seen.values())} requests, {client.failed} failed; {ends}",
            flush=True,
        )
        if client.failed:
            print(client.seen, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
