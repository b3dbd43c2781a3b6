"""What it costs to print many cached steps, as an unchanged run does.

    python bench/console.py [--steps 5000]

The best of 40 rounds of CPU time; ends with 1 where that is above 3 µs for each step.
"""

from __future__ import annotations

import argparse
import io
import sys
import time

from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.reports.console import PlainConsole

LIMIT = 3e-6  # seconds for each step
ROUNDS = 40


def printed(steps: list[StepResult]) -> float:
    """CPU seconds."""
    console = PlainConsole(io.StringIO())
    began = time.process_time()
    for step in steps:
        console.step_finished(step)
    console.step_output("late", "flushes")
    return time.process_time() - began


def main() -> int:
    parser = argparse.ArgumentParser(description="What printing cached steps costs.")
    parser.add_argument("--steps", type=int, default=5000)
    count = parser.parse_args().steps
    steps = [
        StepResult(
            step=f"s{n}", stage="test", outcome=Outcome.CACHED, started=0.0, seconds=n / 1000
        )
        for n in range(count)
    ]
    best = min(printed(steps) for _ in range(ROUNDS))
    print(f"{count} cached steps printed in {best * 1000:.1f} ms, {best / count * 1e6:.2f} µs each")
    return 0 if best < LIMIT * count else 1


if __name__ == "__main__":
    sys.exit(main())
