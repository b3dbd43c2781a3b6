"""What changes while a run goes on is not released: no step has proved it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.in_process import git
from tests.e2e.suite_application import APP, SETTINGS, UNIT, shipway

from shipway.errors import Unreachable
from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e
EDITS = {
    "a file that was tested": 'open("tiny/__init__.py", "a").write("\\nBROKEN = 1 / 0\\n")',
    "a new file": 'open("tiny/settings.py", "w").write("DEBUG = True\\n")',
    "a log in the tree": 'open("tests.log", "w").write("a line\\n")',
    "a file that is gone": 'import os; os.remove("tiny/page.py")',
    "the commit": 'import subprocess; subprocess.run(["git", "-c", "user.name=a", "-c", '
    '"user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", "x"], check=True)',
}
NAMES = {
    "a file that was tested": "tiny/__init__.py changed",
    "a new file": "tiny/settings.py is new",
    "a log in the tree": "tests.log is new",
    "a file that is gone": "tiny/page.py is gone",
    "the commit": "HEAD moved from ",
}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def web(tmp_path: Path, port: int) -> Iterator[Path]:
    folder = tmp_path / "web"
    for name, text in {
        "tiny/__init__.py": APP,
        "tiny/page.py": "",
        "tests/unit/test_app.py": UNIT,
        "requirements.txt": "gunicorn\npytest\ncoverage\n",
        "edit.py": "",
        "shipway.toml": SETTINGS.replace('browser_tests = "tests/browser"\n', "")
        + "coverage = false\n[gates]\ncoverage = 0\n"
        f"[environments.local]\nport = {port}\ninstances = 1\n"
        '[steps.edit]\nrun = "python3 edit.py"\nneeds = ["unit"]\nstage = "test"\n',
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    yield folder
    shipway(folder, "down", "local")


@pytest.mark.parametrize("what", EDITS)
def test_what_changes_after_unit_passed_is_not_rolled_out(web: Path, port: int, what: str) -> None:
    (web / "edit.py").write_text(EDITS[what] + "\n")
    done = shipway(web, "run")
    assert done.returncode == 5, done.stdout + done.stderr
    assert f"{NAMES[what]}" in done.stdout
    assert "while the run went on" in done.stdout
    assert "incomplete" in done.stdout
    with pytest.raises(Unreachable):  # nobody listens
        RealHttp().get(f"http://127.0.0.1:{port}/")
    (web / "edit.py").write_text("")
    if what == "a file that was tested":  # the release is of this state, and it is broken
        assert shipway(web, "run").returncode == 1
        return
    again = shipway(web, "run")
    assert again.returncode == 0, again.stdout + again.stderr
    assert RealHttp().get(f"http://127.0.0.1:{port}/").body == b"hello"
