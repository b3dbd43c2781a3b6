"""Tests that take the interpreter with them, cannot be installed or leave no report fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.suite_application import APP, SETTINGS, shipway

pytestmark = pytest.mark.e2e
LOCK = "gunicorn\npytest\ncoverage\n"
SUITES = {
    "os._exit(0)": "import os\n\n\ndef test_a():\n    os._exit(0)\n",
    "os._exit(0) when imported": "import os\n\nos._exit(0)\n",
    "os._exit(0) at the end": "import atexit\nimport os\n\natexit.register(os._exit, 0)\n"
    "\n\ndef test_a():\n    assert 0\n",
    "SIGKILL": "import os\n\n\ndef test_a():\n    os.kill(os.getpid(), 9)\n",
    "no report": "import atexit\nimport os\n\n\ndef test_a(request):\n"
    "    atexit.register(os.remove, request.config.option.xmlpath)\n",
}
BROKEN_LOCKS = {
    "no such version": LOCK + "pytest==0.0.0.1\n",
    "no requirement": LOCK + "this is ! none\n",
    "a build that ends the interpreter": LOCK + "./bad\n",
}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    for name, text in {
        "tiny/__init__.py": APP,
        "tests/unit/test_app.py": "def test_a():\n    pass\n",
        "bad/setup.py": "import os\n\nos._exit(0)\n",
        "requirements.txt": LOCK,
        "shipway.toml": SETTINGS.replace('browser_tests = "tests/browser"\n', "")
        + "coverage = false\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("how", SUITES)
def test_a_suite_that_ends_the_interpreter_or_leaves_no_report_fails(web: Path, how: str) -> None:
    (web / "tests/unit/test_app.py").write_text(SUITES[how])
    done = shipway(web, "run", "test")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed: unit: the tests did not run to their end" in done.stdout


@pytest.mark.parametrize("lock", BROKEN_LOCKS)
def test_a_suite_that_cannot_be_installed_fails(web: Path, lock: str) -> None:
    (web / "requirements.txt").write_text(BROKEN_LOCKS[lock])
    done = shipway(web, "run", "test")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed: install: the application's environment cannot be made" in done.stdout
