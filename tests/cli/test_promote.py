"""Promotions that are refused, and what changes by one."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import git, only, project, shipway

from shipway.cli.project import open_project
from shipway.cli.promote import differences
from shipway.releases.release import Release
from shipway.system.record import SqliteRecord

SETTINGS = (
    f'[application]\nname = "web"\n[environments.staging]\n[environments.production]\n{only()}'
)
ONE = Release(
    application="web",
    version="1.0",
    commit="",
    digest="a" * 64,
    lock="lock",
    migrations=("0001",),
    path="/nowhere",
    python="/python",
)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", SETTINGS)


def runs(web: Path, environment: str, **more: Any) -> None:
    """As if the first release ran there."""
    record = SqliteRecord(str(web / ".shipway" / "record.sqlite3"))
    current = {**asdict(ONE), "name": ONE.name}
    record.put_state(environment, {"current": current, **more})
    record.close()


def refused(web: Path, *words: str) -> str:
    done = shipway(web, "promote", *words)
    assert done.returncode == 2, done.stdout
    assert "  next: " in done.stderr
    return done.stderr


def test_what_cannot_be_promoted_is_refused_with_the_reason(web: Path) -> None:
    assert "cannot be promoted to itself" in refused(web, "staging", "staging")
    assert "nothing runs in staging" in refused(web, "staging", "production")
    assert "no environment is named 'elsewhere'" in refused(web, "elsewhere", "production")
    runs(web, "staging")
    assert "no environment is named 'elsewhere'" in refused(web, "staging", "elsewhere")
    assert "has not passed: no run on record packaged it" in refused(web, "staging", "production")


@pytest.mark.parametrize("held", ["staging", "production"])
def test_while_a_rollout_of_either_is_held_nothing_is_promoted(web: Path, held: str) -> None:
    runs(web, "staging")
    unfinished = {"number": 1, "started": 1.0, "release": {**asdict(ONE), "name": ONE.name}}
    runs(web, held, unfinished=unfinished)
    said = refused(web, "staging", "production")
    assert f"a rollout of {held} is not finished" in said
    assert f"shipway resume {held}. Or go back: shipway cancel {held}." in said


def test_what_changes_is_commits_migrations_and_the_lock(web: Path) -> None:
    git(web, "init", "--quiet")
    for subject in ("first", "second\x1b[2J", "third"):
        git(web, "commit", "--quiet", "--allow-empty", "-m", subject)
        (web / "a.py").write_text(subject)
        git(web, "add", "a.py")
        git(web, "commit", "--quiet", "-m", f"work {subject}")
    at = [git(web, "rev-parse", f"HEAD~{back}") for back in (0, 4)]
    here = open_project(str(web))
    old = replace(ONE, commit=at[1])
    new = replace(ONE, commit=at[0], digest="b" * 64, migrations=("0002",), lock="other")
    lines = list(differences(here, old, new))
    assert lines[0] == f"{old.name} -> {new.name}"
    assert [line.split(" ", 3)[-1] for line in lines[1:3]] == ["work third (A)", "work second (A)"]
    assert lines[3:] == ["  migrations: 0001 -> 0002", "  lock file: other versions of packages"]
    back = list(differences(here, new, old))
    assert back[0].endswith(": goes back by")
    assert list(differences(here, None, new)) == [f"{new.name} is the first release there"]
    assert list(differences(here, new, new)) == [f"{new.name} runs there already"]
    unknown = list(differences(here, ONE, replace(new, commit="")))
    assert "  commits: the same, or not known to this clone" in unknown
