"""What this process may use: the processors, and what its control groups say."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress

CGROUPS = "/sys/fs/cgroup"
MEMBERSHIP = "/proc/self/cgroup"
_LARGEST = 4096  # characters of such a file


def available_processors(cgroups: str = CGROUPS, membership: str = MEMBERSHIP) -> int:
    """How many, by this process's affinity and by the quota of its container.

    cgroups, membership: as `group_settings` takes them.
    """
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS has none
        processors = os.cpu_count() or 1
    return max(1, math.ceil(min(processors, _quota(cgroups, membership))))


def _quota(cgroups: str, membership: str) -> float:
    """Processors' worth of time; infinite where none is set."""
    quota = math.inf
    for text in group_settings("cpu.max", cgroups, membership):
        with suppress(ValueError):
            allowed, period = text.split()
            quota = min(quota, float(allowed) / float(period))  # "max" is no number
    return quota


def group_settings(
    name: str, cgroups: str = CGROUPS, membership: str = MEMBERSHIP
) -> Iterator[str]:
    """What a file of this name says in this process's control group, and in each above it: all of
    them bind.

    cgroups, membership: where the kernel shows control groups (version 2), and this process's.
    Source: docs.kernel.org/admin-guide/cgroup-v2.html.
    """
    try:
        group = _read(membership).rpartition("::")[2].strip().rstrip("/")
    except OSError:
        return
    while True:
        with suppress(OSError):
            yield _read(f"{cgroups}{group}/{name}")
        if not group:
            return
        group = group.rpartition("/")[0]


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(_LARGEST)
