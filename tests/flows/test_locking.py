"""Locks are resolved by real uv from wheels made here, without any network."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from tests.flows.shop import BESIDE, workshop

from shipway.core.adoption.lock_header import recorded
from shipway.core.adoption.proposal import LOCK, TEST_LOCK, Proposal, propose
from shipway.core.adoption.survey import survey
from shipway.core.config import Application, Config
from shipway.core.errors import CannotRun
from shipway.core.outcome import Outcome
from shipway.core.step import Kind, Step
from shipway.effects.process import SystemProcesses
from shipway.effects.sources import FolderSources
from shipway.flows.environment import outdated
from shipway.flows.install import install
from shipway.flows.locking import Locker

APP = "from flask import Flask\napp = Flask(__name__)\n"
PACKAGES = {"flask": ("3.0", "3.1"), "gunicorn": ("23.0",), "pytest": ("9.0",),
            "coverage": ("7.0",), "old": ("1.0",)}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An application that wants flask, and an index with a few packages of these names."""
    for name, versions in PACKAGES.items():
        index = tmp_path / "index" / name
        index.mkdir(parents=True)
        files = [f"{name}-{version}-py3-none-any.whl" for version in versions]
        (index / "index.html").write_text("".join(f'<a href="{file}">{file}</a>' for file in files))
        for version in versions:
            needs = "Requires-Dist: flask<3.1\n" if name == "old" else ""
            about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
            with zipfile.ZipFile(index / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
                wheel.writestr(f"{name}.py", f"version = '{version}'\n")
                info = f"{name}-{version}.dist-info"
                wheel.writestr(f"{info}/METADATA", about)
                wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
                wheel.writestr(f"{info}/RECORD", "")
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    (folder / "requirements.txt").write_bytes("flask\r\n".encode("utf-16"))
    return folder


def environment(root: Path) -> dict[str, str]:
    index = str(root.parent / "index")
    mine = {key: value for key, value in os.environ.items() if not key.startswith("UV_")}
    return {**mine, "UV_NO_CONFIG": "1", "UV_DEFAULT_INDEX": f"file://{index}",
            "UV_CACHE_DIR": str(root.parent / "cache")}  # fmt: skip


def proposed(root: Path) -> Proposal:
    return propose(survey(FolderSources(str(root)), "app"))


def resolved(root: Path, said: list[str] | None = None) -> dict[str, str]:
    say = said.append if said is not None else lambda line: None
    uv = os.path.join(BESIDE, "uv")
    state = str(root / ".shipway")
    locker = Locker(str(root), state, uv, SystemProcesses(), environment(root), say)
    return locker.locks(proposed(root))


def test_both_locks_pin_everything_with_hashes_and_say_what_they_are_from(root: Path) -> None:
    locks = resolved(root)
    assert list(locks) == [LOCK, TEST_LOCK]
    assert "flask==3.1 \\\n    --hash=sha256:" in locks[LOCK]
    assert "gunicorn==23.0" in locks[LOCK]
    assert "pytest" not in locks[LOCK]
    assert "pytest==9.0" in locks[TEST_LOCK]
    assert list(recorded(locks[LOCK])) == ["requirements.txt"]


def test_tests_get_the_versions_that_are_shipped(root: Path) -> None:
    (root / "requirements.txt").write_text("flask<3.1\n")
    (root / "requirements-dev.txt").write_text("flask\npytest\n")
    assert "flask==3.0" in resolved(root)[TEST_LOCK]


def test_what_only_tests_want_does_not_change_what_is_shipped(root: Path) -> None:
    (root / "requirements.txt").write_text("flask>=3.1\n")
    (root / "requirements-dev.txt").write_text("old\n")  # which wants an older flask
    said: list[str] = []
    locks = resolved(root, said)
    assert "flask==3.1" in locks[TEST_LOCK]
    assert "pytest==9.0" in locks[TEST_LOCK]
    assert "what tests want does not fit" in said[0]


def test_another_tools_pins_are_kept_and_given_up_only_where_they_cannot_be(root: Path) -> None:
    (root / "requirements.txt").unlink()
    (root / "Pipfile").write_text('[packages]\nflask = "*"\n')
    (root / "Pipfile.lock").write_text('{"default": {"flask": {"version": "==3.0"}}}')
    assert "flask==3.0" in resolved(root)[LOCK]
    (root / "Pipfile.lock").write_text('{"default": {"flask": {"version": "==2.0"}}}')
    said: list[str] = []
    assert "flask==3.1" in resolved(root, said)[LOCK]
    assert "what the other lock pins" in said[0]


def test_requirements_that_nothing_satisfies_are_explained(root: Path) -> None:
    (root / "requirements.txt").write_text("flask>4\n")
    with pytest.raises(CannotRun, match=r"no versions satisfy the requirements: .*flask"):
        resolved(root)


def test_where_the_lock_that_is_there_has_everything_none_is_made(root: Path) -> None:
    (root / "requirements.txt").unlink()
    (root / "uv.lock").write_text("")
    (root / "pyproject.toml").write_text(
        '[project]\ndependencies = ["flask", "gunicorn"]\n'
        '[dependency-groups]\ndev = ["pytest", "coverage"]\n'
    )
    assert resolved(root) == {}


def test_a_lock_whose_source_changed_is_not_installed(root: Path) -> None:
    for path, text in resolved(root).items():
        (root / path).write_text(text)
    assert outdated(str(root), LOCK) == ""
    (root / "requirements.txt").write_text("flask==3.0\n")
    assert outdated(str(root), LOCK) == "requirements.txt"
    assert outdated(str(root), "nothing") == ""
    application = Application(name="app", lock=LOCK, test_lock=TEST_LOCK)
    step = Step("install", "build", Kind.ACTION, {"action": "install"})
    result = install(step, workshop(root, config=Config(application)), lambda line: None)
    assert result.outcome is Outcome.FAILED
    assert "requirements.txt changed" in result.reason
    assert "--relock" in result.remedy
