"""`make release` in a clone of this repository: refused, made, and undone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.cli.in_process import git
from tests.patience import PATIENCE

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
URLS = '[urls]\nRepository = "https://git.example.org/team/shipway"\n'


def release(clone: Path, version: str) -> subprocess.CompletedProcess[str]:
    # Its own environment would take a minute to make, and is what this one is.
    own = (f"BIN={BIN}", f"--old-file={BIN}/shipway")
    return subprocess.run(
        ["make", "--silent", *own, "release", f"VERSION={version}"],
        cwd=clone,
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE,
        check=False,
    )


def test_a_release_is_refused_made_and_undone(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{ROOT}", str(clone))
    git(clone, "config", "user.name", "A")
    git(clone, "config", "user.email", "a@example.org")
    for name in ("Makefile", "CHANGELOG.md", "pyproject.toml", "hatch_build.py"):
        (clone / name).write_bytes((ROOT / name).read_bytes())
    (clone / "docs" / "make_release.py").write_bytes((ROOT / "docs/make_release.py").read_bytes())
    (clone / "release.toml").write_text("[addresses]\n")

    dirty = release(clone, "9.8.7")
    assert dirty.returncode == 2
    assert "not committed" in dirty.stderr
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "--message", "what is to be released")
    before = git(clone, "rev-parse", "HEAD")

    broken = release(clone, "9.8.7")  # the build refuses the table
    assert "there is no table addresses" in broken.stderr
    assert (git(clone, "status", "--porcelain"), git(clone, "tag")) == ("", "")

    (clone / "release.toml").write_text(URLS)
    git(clone, "commit", "--quiet", "--all", "--amend", "--no-edit")
    before = git(clone, "rev-parse", "HEAD")
    made = release(clone, "9.8.7")
    assert made.returncode == 0, made.stderr
    assert git(clone, "describe", "--exact-match") == "v9.8.7"
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "diff", "--name-only", before, "HEAD").splitlines() == [
        "CHANGELOG.md",
        "src/shipway/__init__.py",
    ]
    (wheel,) = (clone / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("shipway-9.8.7.dist-info/METADATA").decode()
    assert "Version: 9.8.7\n" in metadata
    assert "Project-URL: Repository, https://git.example.org/team/shipway\n" in metadata
    assert "Provides-Extra: otel\n" in metadata

    assert "there is a tag" in release(clone, "9.8.7").stderr
    (undo,) = [line for line in made.stdout.splitlines() if line.startswith("  undo: ")]
    subprocess.run(["sh", "-c", undo.removeprefix("  undo: ")], cwd=clone, check=True)
    assert (git(clone, "rev-parse", "HEAD"), git(clone, "tag")) == (before, "")
