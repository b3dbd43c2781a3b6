"""How many processors there are for this process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shipway.system.processors import available_processors


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
