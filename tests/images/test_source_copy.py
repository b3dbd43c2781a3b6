"""What a build may see: the named files, with modes and times that are the same everywhere."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from shipway.errors import CannotRun
from shipway.images.build import copy_sources


def test_only_what_is_named_is_there_with_modes_and_times_of_no_machine(tmp_path: Path) -> None:
    root, target = tmp_path / "root", tmp_path / "context"
    (root / "main" / "deep").mkdir(parents=True)
    for name, mode in (("main/a.py", 0o600), ("main/deep/run", 0o777), (".env", 0o644)):
        (root / name).write_text(name)
        (root / name).chmod(mode)
    (root / "main" / "empty").touch()
    (root / "link").symlink_to("main/a.py")
    named = ("main/deep/run", "main/a.py", "main/empty", "link")
    context = copy_sources(str(root), named, str(target), 1_600_000_000)
    found = sorted(str(one.relative_to(target)) for one in target.rglob("*"))
    assert found == ["link", "main", "main/a.py", "main/deep", "main/deep/run", "main/empty"]
    modes = [(target / name).lstat().st_mode & 0o777 for name in ("main/a.py", "main/deep/run")]
    assert modes == [0o644, 0o755] and (target / "main").stat().st_mode & 0o777 == 0o755
    assert {one.lstat().st_mtime for one in (target, *target.rglob("*"))} == {1_600_000_000}
    assert os.readlink(target / "link") == "main/a.py"
    assert context.contents == {
        hashlib.sha256(name.encode()).hexdigest() for name in ("main/a.py", "main/deep/run")
    }


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"gone\.py cannot be copied"):
        copy_sources(str(tmp_path), ["gone.py"], str(tmp_path / "context"), 0)
