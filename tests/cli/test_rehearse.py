"""Rehearsals as they are asked for, where nothing can be rehearsed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway

from shipway.rehearsal.faults import FORMS

WEB = '[application]\nname = "web"\nserve = "gunicorn app:x"\n' + only()


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", WEB, {"requirements.txt": ""})


def test_a_fault_that_there_is_not_is_answered_with_those_that_there_are(web: Path) -> None:
    done = shipway(web, "rehearse", "--fault", "errors=5%")
    assert done.returncode == 2
    assert "--fault errors=5%: there is no such fault" in done.stderr
    assert FORMS in done.stderr


def test_without_a_release_there_is_nothing_to_rehearse(web: Path) -> None:
    done = shipway(web, "rehearse")
    assert done.returncode == 2
    assert "no release is packaged yet" in done.stderr
    assert not (web / ".shipway" / "rehearsal").exists()


def test_a_load_has_its_bounds(web: Path) -> None:
    assert shipway(web, "rehearse", "--seconds", "301").returncode == 2
    assert shipway(web, "rehearse", "--seconds", "0").returncode == 2
