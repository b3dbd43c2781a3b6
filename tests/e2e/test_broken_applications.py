"""An application that is broken on purpose: what its run says of the cause, the place, the remedy.

Faults of settings and of the machine are in tests/cli/test_broken_projects.py.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.patience import PATIENCE

from shipway.system.network import free_port

from .tiny_application import APP

pytestmark = pytest.mark.e2e
SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
SETTINGS = """
[application]
name = "tiny"
packages = ["tiny"]
serve = "gunicorn --bind {{bind}} tiny:app"
lock = "requirements.txt"
health = "{health}"
migrate = "{migrate}"
{more}
[checks]
sbom = false
coverage = false
{off}
[environments.local]
port = {port}
instances = 1
health_timeout = 5
"""
OFF = (
    "unit ruff ruff-format flake8 black mypy bandit semgrep pip-audit licences gitleaks "
    "gitleaks-history"
)


@dataclass(frozen=True)
class Broken:
    """What differs from the application that works, and what its run says then."""

    said: tuple[str, ...]
    app: str = APP
    health: str = "/"
    migrate: str = ""
    more: str = ""
    lock: str = "gunicorn\n"
    not_said: tuple[str, ...] = ()


FAULTS = {
    "its module is not there": Broken(
        ("No module named 'flsk'", "tiny/__init__.py", "next", "explain "),
        app=f"import flsk\n\n\n{APP}",
    ),
    "a syntax error": Broken(
        ("SyntaxError", "tiny/__init__.py", "next", "explain "), app=f"{APP}\ndef broken(:\n"
    ),
    "a variable that is missing": Broken(
        ("KeyError: 'TOWN_KEY'", "next", "explain "),
        app=f"import os\n\nKEY = os.environ['TOWN_KEY']\n\n\n{APP}",
    ),
    "a migration that fails": Broken(
        ("the migration ended with exit code 3 and printed nothing", "next", "explain task-failed"),
        migrate="python -c 'raise SystemExit(3)'",
        not_said=("address  ", "still live"),
    ),
    "a health check that finds no page": Broken(
        ("/ answers 404", "next", "explain instance-not-started"),
        app=APP.replace("200 OK", "404 Not Found"),
        not_said=("address  ", "still live"),
    ),
    "a health check that is redirected": Broken(
        ("/ answers 302", "next", "explain instance-not-started"),
        app=APP.replace("200 OK", "302 Found").replace(
            '("Content-Type"', '("Location", "/login"), ("Content-Type"'
        ),
    ),
    "a package that is in no index": Broken(
        ("no-such-package-of-shipway", "next", "explain "),
        lock="gunicorn\nno-such-package-of-shipway==1.0\n",
    ),
}


def shipway(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHIPWAY, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
        env={**os.environ, "CI": "", "XDG_CACHE_HOME": str(folder.parent / "cache")},
    )


def write(folder: Path, broken: Broken, port: int) -> None:
    off = "\n".join(f"{name} = false" for name in OFF.split())
    settings = SETTINGS.format(
        health=broken.health, migrate=broken.migrate, more=broken.more, off=off, port=port
    )
    (folder / "tiny").mkdir(parents=True, exist_ok=True)
    (folder / "shipway.toml").write_text(settings)
    (folder / "tiny/__init__.py").write_text(broken.app)
    (folder / "requirements.txt").write_text(broken.lock)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "web"
    yield folder
    shipway(folder, "down", "local")


@pytest.mark.parametrize("name", FAULTS)
def test_the_run_names_the_cause_and_what_to_do(name: str, web: Path) -> None:
    broken = FAULTS[name]
    write(web, broken, free_port())
    done = shipway(web, "run")
    printed = done.stdout + done.stderr
    assert done.returncode in (1, 3), printed
    for text in broken.said:
        assert text in printed, printed
    for text in broken.not_said:
        assert text not in printed, printed
    assert "Traceback (most recent call last)" not in done.stderr


def test_a_port_that_is_taken_is_said_before_anything_is_migrated(web: Path) -> None:
    mark = web / "migrated"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        write(web, Broken((), migrate=f'python -c \'open(\\"{mark}\\", \\"w\\")\''), port)
        done = shipway(web, "run")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"port {port} on 127.0.0.1 is taken by another program" in done.stdout
    assert f"ss -ltnp sport = :{port}" in done.stdout
    assert "explain port-taken" in done.stdout
    assert not mark.exists()
    assert "#1" not in shipway(web, "status", "--history").stdout  # no rollout has begun
