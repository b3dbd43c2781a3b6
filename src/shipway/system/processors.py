"""The processors that this process may use, and how much of them others leave it."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath

_CGROUPS = "/sys/fs/cgroup"
_SPIN = """
import sys, time
start, used = time.perf_counter(), time.process_time()
while time.perf_counter() - start < float(sys.argv[1]):
    pass
print((time.perf_counter() - start) / (time.process_time() - used))
"""


def available_processors(cgroups: str = _CGROUPS, membership: str = "/proc/self/cgroup") -> int:
    """How many, by this process's affinity and by the quota of its container.

    cgroups, membership: where the kernel shows control groups (version 2), and this process's.
    Source: docs.kernel.org/admin-guide/cgroup-v2.html, cpu.max.
    """
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS has none
        processors = os.cpu_count() or 1
    return max(1, math.ceil(min(processors, _quota(cgroups, membership))))


def _quota(cgroups: str, membership: str) -> float:
    """Processors' worth of time; infinite where none is set."""
    quota = math.inf
    try:
        group = PurePosixPath(Path(membership).read_text().rpartition("::")[2].strip() or "/")
    except OSError:
        return quota
    for folder in (group, *group.parents):
        with suppress(OSError, ValueError):
            allowed, period = Path(f"{cgroups}{folder}/cpu.max").read_text().split()
            quota = min(quota, float(allowed) / float(period))  # "max" is no number
    return quota


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
