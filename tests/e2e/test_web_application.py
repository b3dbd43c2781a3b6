"""A small web application from its files to this machine, with the real tools."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e
SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
APP = (
    "def app(environ, start):\n"
    '    start("200 OK", [("Content-Type", "text/plain")])\n'
    '    return [b"hello"]\n'
)
TEST = "from tiny import app\n\n\ndef test_it_is_there():\n    assert callable(app)\n"


def shipway(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHIPWAY, "-C", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "CI": "", "XDG_CACHE_HOME": str(folder.parent / "cache")},
    )


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "web"
    for name, text in {
        "tiny/__init__.py": APP,
        "tests/test_tiny.py": TEST,
        "requirements.txt": "gunicorn\npytest\ncoverage\n",
        "conftest.py": "",
        "shipway.toml": (
            '[application]\nname = "tiny"\nserve = "gunicorn --bind {bind} tiny:app"\n'
            'health = "/"\n[checks]\ncoverage = false\nmypy = false\nblack = false\n'
            "flake8 = false\nruff = false\nruff-format = false\n"
            # The slowest scanners have tests of their own (tests/checks), and this one runs six
            # times; with all of them, MyCandidate is taken through by .ci/first-command.
            "semgrep = false\ncheckov = false\npip-audit = false\nlicences = false\n"
            f"[environments.local]\nport = {free_port()}\ninstances = 1\nhealth_timeout = 20\n"
            '[[environments.local.smoke]]\npath = "/"\ncontains = "hello"\n'
        ),
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    yield folder
    shipway(folder, "down", "local")


def test_from_files_to_live_and_back(web: Path) -> None:
    first = shipway(web, "run")
    assert first.returncode == 0, first.stdout + first.stderr
    status = json.loads(shipway(web, "status", "--json").stdout)
    assert RealHttp().get(status["address"]).body == b"hello"
    again = shipway(web, "run")
    assert "runs already" not in again.stderr
    assert again.stdout.count("cached") >= 2

    (web / "tiny/__init__.py").write_text(APP.replace("hello", "hello again"))
    assert "tiny/__init__.py changed" in shipway(web, "plan").stdout
    assert shipway(web, "run").returncode == 0
    assert RealHttp().get(status["address"]).body == b"hello again"
    back = shipway(web, "rollback", "local")
    assert back.returncode == 0, back.stdout + back.stderr
    assert RealHttp().get(status["address"]).body == b"hello"
    assert re.search(r"#3 .* passed", shipway(web, "status", "--history").stdout)
    assert "tiny" not in shipway(web, "logs").stderr

    (web / "tests/test_tiny.py").write_text(TEST.replace("callable(app)", "not app"))
    failed = shipway(web, "run")
    assert failed.returncode == 1
    assert "failed: tests/test_tiny.py:" in failed.stdout
    assert RealHttp().get(status["address"]).body == b"hello"

    (web / "tests/test_tiny.py").write_text(TEST)
    (web / "tiny/__init__.py").write_text("def app(environ, start):\n    raise RuntimeError\n")
    sick = shipway(web, "run")
    assert sick.returncode == 3, sick.stdout
    assert "answers 500" in sick.stdout
    assert RealHttp().get(status["address"]).body == b"hello"
