"""How much of the processors other programs leave."""

from __future__ import annotations

import os
import subprocess
import sys

from shipway.system.contention import processor_contention


def test_what_others_compute_is_seen() -> None:
    """However busy the machine is besides: more load is more contention."""
    program = "print(flush=True)\nwhile True: pass"
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})  # which its children inherit
    others = []
    try:
        for _ in range(3):
            others.append(subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE))
        for other in others:
            assert other.stdout is not None
            other.stdout.readline()
        assert processor_contention() > 1.5
    finally:
        os.sched_setaffinity(0, before)
        for other in others:
            other.kill()
            other.communicate()


def test_it_is_never_below_one() -> None:
    assert processor_contention(0.01) >= 1.0
