"""Locks are resolved by real uv from wheels made here, without any network."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from tests.pipeline.contexts import BESIDE, workshop

from shipway.config.schema import Application, Config
from shipway.errors import CannotRun
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.step import Step, StepKind
from shipway.releases.lock_header import lock_inputs
from shipway.releases.package import install_step, outdated_inputs
from shipway.scaffold.apply import LockResolver
from shipway.scaffold.folder_sources import FolderSources
from shipway.scaffold.proposal import LOCK, TEST_LOCK, Proposal, make_proposal
from shipway.scaffold.survey import survey_application
from shipway.system.process import SystemProcesses

APP = "from flask import Flask\napp = Flask(__name__)\n"
PACKAGES = {
    "flask": ("3.0", "3.1"),
    "gunicorn": ("23.0",),
    "pytest": ("9.0",),
    "coverage": ("7.0",),
    "old": ("1.0",),
}


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
    return {
        **mine,
        "UV_NO_CONFIG": "1",
        "UV_DEFAULT_INDEX": f"file://{index}",
        "UV_CACHE_DIR": str(root.parent / "cache"),
    }


def proposed(root: Path) -> Proposal:
    return make_proposal(survey_application(FolderSources(str(root)), "app"))


def resolved(root: Path, said: list[str] | None = None) -> dict[str, str]:
    say = said.append if said is not None else lambda line: None
    uv = os.path.join(BESIDE, "uv")
    state = str(root / ".shipway")
    locker = LockResolver(str(root), state, uv, SystemProcesses(), environment(root), say)
    return locker.locks(proposed(root))


def test_both_locks_pin_everything_with_hashes_and_say_what_they_are_from(root: Path) -> None:
    locks = resolved(root)
    assert list(locks) == [LOCK, TEST_LOCK]
    assert "flask==3.1 \\\n    --hash=sha256:" in locks[LOCK]
    assert "gunicorn==23.0" in locks[LOCK]
    assert "pytest" not in locks[LOCK]
    assert "pytest==9.0" in locks[TEST_LOCK]
    assert list(lock_inputs(locks[LOCK])) == ["requirements.txt"]


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
    assert outdated_inputs(str(root), LOCK) == ""
    (root / "requirements.txt").write_text("flask==3.0\n")
    assert outdated_inputs(str(root), LOCK) == "requirements.txt"
    assert outdated_inputs(str(root), "nothing") == ""
    application = Application(name="app", lock=LOCK, test_lock=TEST_LOCK)
    step = Step(name="install", stage="build", kind=StepKind.ACTION, work={"action": "install"})
    result = install_step(
        step, workshop(root, config=Config(application=application)), lambda line: None
    )
    assert result.outcome is Outcome.FAILED
    assert "requirements.txt changed" in result.reason
    assert "--relock" in result.remedy
