"""What users would feel of every fault under every strategy, on this machine.

    python bench/faults.py [--rate 60] [--seconds 3] [--strategy canary …] [--fault error=20% …]

Runs `shipway rehearse` on MyCandidate for each pair, and prints what it counted: requests, those
that failed, users hit, seconds to the verdict and from the first failure to the end of the last,
and whether everybody was served at the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
STRATEGIES = ("rolling", "blue-green", "linear", "canary")
FAULTS = (
    "error=20%",
    "error=100%",
    "slow=300ms",
    "crash-at=40%",
    "never-healthy",
    "hang",
    "bad-migration",
    "kill-instance",
    "kill-proxy",
    "kill-shipway",
)
ROW = "{:<11} {:<14} {:<12} {:>8} {:>7} {:>6} {:>9} {:>9}  {}"


SHIPWAY = (str(Path(sys.executable).parent / "shipway"), "-C", str(ROOT / "mycandidate"))


def rehearse(strategy: str, fault: str, rate: float, seconds: float) -> dict[str, Any]:
    """The account of one rehearsal. Raises RuntimeError with what the command said."""
    argv = (
        *SHIPWAY,
        "rehearse",
        "--strategy",
        strategy,
        "--fault",
        fault,
        "--rate",
        str(rate),
        "--seconds",
        str(seconds),
        "--json",
    )
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        said = [line for line in done.stderr.splitlines() if line.startswith("shipway:")]
        raise RuntimeError(said[0] if said else f"exit code {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    """Print a row for each pair."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--rate", type=float, default=60.0)
    words.add_argument("--seconds", type=float, default=3.0)
    words.add_argument("--strategy", nargs="*", default=STRATEGIES)
    words.add_argument("--fault", nargs="*", default=FAULTS)
    chosen = words.parse_args()
    subprocess.run((*SHIPWAY, "run", "package"), check=True, stdout=subprocess.DEVNULL)
    print(
        ROW.format(
            "strategy",
            "fault",
            "verdict",
            "requests",
            "failed",
            "users",
            "verdict s",
            "failing s",
            "served at the end",
        )
    )
    well = True
    for strategy in chosen.strategy:
        for fault in chosen.fault:
            try:
                one = rehearse(strategy, fault, chosen.rate, chosen.seconds)
            except RuntimeError as problem:
                well = False
                print(f"{strategy:<11} {fault:<14} {problem}", flush=True)
                continue
            total = one["total"]
            well = well and one["sound"]
            print(
                ROW.format(
                    strategy,
                    fault,
                    one["verdict"],
                    total["requests"],
                    total["failed"],
                    total["users_hit"],
                    f"{one['to_verdict']:.1f}",
                    f"{one['to_recovery']:.1f}",
                    "yes" if one["sound"] else "NO",
                ),
                flush=True,
            )
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
