"""The benchmark of the judge still runs, and its few runs refute none of its claims."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE

BENCH = Path(__file__).parent.parent / "bench" / "judge.py"


def test_the_quick_benchmark_meets_its_targets() -> None:
    words = [sys.executable, str(BENCH), "--seed", "1", "--quick"]
    done = subprocess.run(
        words, stdout=subprocess.PIPE, text=True, check=False, timeout=5 * PATIENCE
    )
    assert done.returncode == 0, done.stdout
    assert "judge and twin differ by" in done.stdout
    assert "MISSED" not in done.stdout
