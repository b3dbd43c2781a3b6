"""What a candidate's migrations take away is said; to AWS it does not go unless called safe."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from shipway.cli.deploy import report_migration_risks
from shipway.errors import ConfigError
from shipway.releases.release import Release
from shipway.rollouts.events import LineListener

FIRST = 'revision = "a1"\ndown_revision = None\ndef upgrade():\n    pass\n'
DROP = (
    'from alembic import op\nrevision = "a2"\ndown_revision = "a1"\n'
    "def upgrade():\n    {mark}op.drop_column('candidate', 'age')\n"
)
MARK = "# shipway: contract-safe: read by nobody\n    "


def release(folder: Path, name: str, scripts: dict[str, str]) -> Release:
    for script, text in scripts.items():
        path = folder / name / "migrations" / "versions" / script
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Release(
        application="web",
        version=name,
        commit="",
        digest=name * 8,
        lock="",
        migrations=(),
        path=os.fspath(folder / name),
        python="",
    )


def flagged(folder: Path, *, mark: str, blocking: bool, gone: bool = False) -> list[str]:
    old = release(folder, "1", {"a1.py": FIRST})
    new = release(folder, "2", {"a1.py": FIRST, "a2.py": DROP.format(mark=mark)})
    if gone:
        shutil.rmtree(old.path)
    said: list[str] = []
    report_migration_risks(old, new, LineListener(said.append), migrates=True, blocking=blocking)
    return said


def test_here_it_is_said(tmp_path: Path) -> None:
    (line,) = flagged(tmp_path, mark="", blocking=False)
    assert "drops column candidate.age" in line


def test_on_aws_it_stops_the_deploy_and_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"drops column candidate\.age") as caught:
        flagged(tmp_path, mark="", blocking=True)
    assert "contract-safe: REASON" in caught.value.remedy


def test_what_is_called_safe_goes_through_and_is_said(tmp_path: Path) -> None:
    (line,) = flagged(tmp_path, mark=MARK, blocking=True)
    assert "called safe: read by nobody" in line


def test_files_that_are_gone_are_said_to_be(tmp_path: Path) -> None:
    (line,) = flagged(tmp_path, mark="", blocking=True, gone=True)
    assert "are gone" in line


def test_what_cannot_be_read_is_said_and_stops_nothing(tmp_path: Path) -> None:
    old = release(tmp_path, "1", {"a1.py": FIRST})
    new = release(tmp_path, "2", {"a1.py": FIRST, "a2.py": "class Migration(m.Migration): pass"})
    said: list[str] = []
    report_migration_risks(old, new, LineListener(said.append), migrates=True, blocking=True)
    assert len(said) == 1


def test_the_first_release_takes_nothing_away(tmp_path: Path) -> None:
    said: list[str] = []
    report_migration_risks(
        None, release(tmp_path, "1", {}), LineListener(said.append), migrates=True, blocking=True
    )
    assert said == []
