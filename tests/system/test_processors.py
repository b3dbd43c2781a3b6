"""How many processors there are for this process, and what others leave of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shipway.system.processors import available_processors, processor_contention


@pytest.mark.parametrize(
    ("limits", "processors"),
    [
        ({"": "50000 100000"}, 1),
        ({"": "max 100000", "app": "100000 100000"}, 1),
        ({"app": "max 100000"}, len(os.sched_getaffinity(0))),
        ({"app": "not a quota"}, len(os.sched_getaffinity(0))),
        ({}, len(os.sched_getaffinity(0))),
        ({"app": "6400000 100000"}, len(os.sched_getaffinity(0))),
    ],
)
def test_a_containers_quota_counts(tmp_path: Path, limits: dict[str, str], processors: int) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "membership").write_text("0::/app\n")
    for group, text in limits.items():
        (tmp_path / group / "cpu.max").write_text(f"{text}\n")
    assert available_processors(str(tmp_path), str(tmp_path / "membership")) == processors


def test_without_control_groups_the_affinity_counts(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert available_processors(missing, missing) == len(os.sched_getaffinity(0))


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
