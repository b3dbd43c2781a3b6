"""`shipway task` and `shipway logs`, where nothing runs yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway

WEB = (
    '[application]\nname = "web"\nserve = "gunicorn app:x"\nlock = "requirements.txt"\n'
    "[environments.local]\nport = 0\n" + only()
)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", WEB, {"requirements.txt": ""})


def test_without_a_release_there_is_nothing_to_run_a_command_with(web: Path) -> None:
    done = shipway(web, "task", "local", "--", "true")
    assert done.returncode == 2
    assert "local has no release to run it with" in done.stderr
    assert "next: Roll one out: shipway run." in done.stderr


@pytest.mark.parametrize("words", [("task", "nowhere", "--", "true"), ("logs", "nowhere")])
def test_an_environment_that_is_not_configured_is_refused(web: Path, words: str) -> None:
    done = shipway(web, *words)
    assert done.returncode == 2
    assert "no environment is named 'nowhere'" in done.stderr
