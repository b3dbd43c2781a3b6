"""`make soak`: the deploying process gets a signal at every writing of every strategy, for real.

`python -m tests.e2e.soak [STRATEGY…] [--signal NAME…] [--every N]`: a release that is good and one
whose smoke test fails are rolled out again and again, each time by a process that gets a signal one
writing later, before or after it; then one of four commands, in turn, ends what it left. Three
clients ask all the time, and count for themselves. It ends with 1 at the first request that fails,
at the first receipt that says something else than they do, and wherever anything else is left than
one release. --every: only each so many-th writing; `canary --signal TERM --every 6` takes a minute.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.e2e.dying import Death
from tests.e2e.local_site import GOOD, Client
from tests.e2e.ordeal import STRATEGIES, WRONG, Ordeal

COMMANDS = ("resume", "cancel", "deploy", "rollback")
SIGNALS = ("KILL", "TERM", "HUP", "INT", "QUIT")


def soak(ordeal: Ordeal, client: Client, number: int, every: int = 1) -> Counter[str]:
    """How many got the signal, by what had to be done then.

    number: of the signal. every: of the writings, only each so many-th.
    """
    counts: Counter[str] = Counter()
    for code in (GOOD, WRONG):
        died, nth = True, 0
        while died:
            for before in (True, False):
                good, command = code == GOOD, COMMANDS[(nth + before) % len(COMMANDS)]
                release = ordeal.release(code)
                died = ordeal.kill(release, Death(nth, "", before, number))
                if not died:  # to the end: good, or rolled back
                    ordeal.serving = release if good else ordeal.serving
                    ordeal.only()
                else:
                    report = ordeal.end(release, command, good=good)
                    counts["signalled"] += 1
                    counts[f"{command}: {report.verdict}" if report else "nothing was left"] += 1
                receipt = ordeal.receipt()
                if receipt is not None:
                    counts["receipts"] += 1
                    differing = client.differences(receipt)
                    assert not differing, (differing, receipt)
                if not died:
                    break
            nth += every
    return counts


def main() -> int:
    """All strategies and signals, or those that were named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("strategy", nargs="*", help="one of the four; default: all")
    parser.add_argument("--signal", action="append", choices=SIGNALS)
    parser.add_argument("--every", type=int, default=1)
    chosen = parser.parse_args()
    for strategy in chosen.strategy or STRATEGIES:
        for name in chosen.signal or SIGNALS:
            started = time.monotonic()
            with tempfile.TemporaryDirectory() as folder:
                ordeal = Ordeal(Path(folder))
                ordeal.set(strategy)
                try:
                    with Client(ordeal.site.port) as client:
                        number = signal.Signals[f"SIG{name}"]
                        counts = soak(ordeal, client, number, chosen.every)
                finally:
                    ordeal.close()
            signalled, receipts = counts.pop("signalled"), counts.pop("receipts")
            ends = ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))
            print(
                f"{strategy}, SIG{name} {signalled} times in {time.monotonic() - started:.0f} s:"
                f" {sum(client.seen.values())} requests, {client.failed} failed,"
                f" {receipts} receipts, 0 differing; {ends}",
                flush=True,
            )
            if client.failed:
                print(client.seen, file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
