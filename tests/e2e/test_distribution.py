"""What people install: wheel and source archive, and the way from the wheel to a live page."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.patience import PATIENCE

from shipway.errors import ERROR_CODES
from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
UV = str(Path(sys.executable).with_name("uv"))
TOWN = {
    "town.py": (
        "from flask import Flask\n\napp = Flask(__name__)\n\n\n"
        '@app.get("/")\ndef page():\n    return "hello town"\n'
    ),
    "test_town.py": (
        "from town import app\n\n\ndef test_page():\n"
        '    assert app.test_client().get("/").status_code == 200\n'
    ),
    "requirements.txt": "flask\ngunicorn\n",
}


def run(*argv: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE,
        check=False,
    )


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done = run(UV, "build", "--quiet", "--out-dir", folder, ROOT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_wheel_holds_the_program_its_docs_and_its_licence_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = [name for name in names if name.endswith("/METADATA")]
        text = archive.read(metadata).decode()
    assert "shipway/docs/troubleshooting.md" in names
    assert [name for name in names if name.endswith(".data/data/share/man/man1/shipway.1")]
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith((".dist-info", ".data"))} == {"shipway"}
    strange = ("test_", "fakes", "conftest", "mycandidate", "__pycache__", ".shipway/")
    assert [name for name in names if any(word in name for word in strange)] == []
    assert "License-Expression: Apache-2.0" in text
    assert "Author: The Shipway authors" in text
    assert "\nProject-URL:" not in text  # no address that nobody has set


def test_the_source_archive_builds_and_holds_no_tests(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    assert {"LICENSE", "README.md", "CHANGELOG.md", "docs/troubleshooting.md"} <= set(names)
    assert [name for name in names if name.startswith(("tests/", "mycandidate/", "bench/"))] == []


@pytest.mark.parametrize("checker", ["twine check --strict", "check-wheel-contents"])
def test_those_who_publish_packages_find_nothing_wrong(built: Path, checker: str) -> None:
    files = sorted(built.glob("*.whl"))
    if checker.startswith("twine"):
        files += sorted(built.glob("*.tar.gz"))
    done = run(UV, "tool", "run", "--quiet", *checker.split(), *files, cwd=built)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_stranger_gets_from_the_wheel_to_a_live_page(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    home = tmp_path / "home"
    town = tmp_path / "town"
    home.mkdir()
    town.mkdir()
    for name, text in TOWN.items():
        (town / name).write_text(text)
    binaries = home / "bin"
    own = {
        "HOME": str(home),
        "UV_TOOL_DIR": str(home / "tools"),
        "UV_TOOL_BIN_DIR": str(binaries),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "UV_CACHE_DIR": run(UV, "cache", "dir", cwd=tmp_path).stdout.strip(),  # not downloaded anew
        "PATH": f"{binaries}:/usr/bin:/bin",
        "CI": "",
    }
    installed = run(UV, "tool", "install", "--quiet", wheel, cwd=tmp_path, **own)
    assert installed.returncode == 0, installed.stderr
    shipway = str(binaries / "shipway")
    assert "no pipeline here yet" in run(shipway, cwd=town, **own).stdout
    for code in (ERROR_CODES[0], ERROR_CODES[-1]):
        assert run(shipway, "explain", code, cwd=home, **own).returncode == 0
    run("git", "init", "-q", cwd=town, **own)
    init = run(shipway, "init", cwd=town, **own)
    assert init.returncode == 0, init.stdout + init.stderr
    settings = town / "shipway.toml"
    port = free_port()
    text = settings.read_text()
    settings.write_text(
        text.replace("[environments.local]\n", f"[environments.local]\nport = {port}\n")
        if "port =" not in text
        else text.replace("port = 8080", f"port = {port}")
    )
    try:
        live = run(shipway, "run", "deploy-local", cwd=town, **own)
        assert live.returncode == 0, live.stdout + live.stderr
        assert RealHttp().get(f"http://127.0.0.1:{port}/").body == b"hello town"
    finally:
        run(shipway, "down", "local", cwd=town, **own)
