"""How much of the processors other programs leave this one."""

from __future__ import annotations

import subprocess
import sys

from shipway.system.processors import available_processors

_SPIN = """
import sys, time
start, used = time.perf_counter(), time.process_time()
while time.perf_counter() - start < float(sys.argv[1]):
    pass
print((time.perf_counter() - start) / (time.process_time() - used))
"""


def processor_contention(seconds: float = 0.25) -> float:
    """How many times longer work takes here than it computes; 1.0 where nothing else wants the
    processors, and where that cannot be measured.

    All processors compute for so many seconds: what they do not get, something else got.
    """
    argv = (sys.executable, "-I", "-S", "-c", _SPIN, str(seconds))
    try:
        spinning = [
            subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            for _ in range(available_processors())
        ]
        ratios = [float(spinner.communicate()[0]) for spinner in spinning]
    except (OSError, ValueError):
        return 1.0
    return max(1.0, sum(ratios) / len(ratios))
