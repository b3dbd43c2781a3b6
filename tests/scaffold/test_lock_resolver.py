"""Locks are resolved by real uv from wheels made here, without any network."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.pipeline.contexts import BESIDE, workshop
from tests.scaffold.package_index import date_uploads, served_index, write_index, write_wheel

from shipway.config.schema import Application, Config
from shipway.errors import CannotRun
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.step import Step, StepKind
from shipway.releases.lock_header import lock_inputs
from shipway.releases.package import install_step, outdated_inputs, prepare_environment
from shipway.scaffold.folder_sources import FolderSources
from shipway.scaffold.lock_resolver import LockResolver
from shipway.scaffold.proposal import LOCK, TEST_LOCK, Proposal, make_proposal
from shipway.scaffold.survey import survey_application
from shipway.system.process import SystemProcesses

UV = os.path.join(BESIDE, "uv")
INSTALL = Step(name="install", stage="build", kind=StepKind.ACTION, work={"action": "install"})
# Builds a wheel without setuptools, which no index here has; it leaves something behind as that.
BACKEND = """
import os, zipfile

def build_wheel(target, config_settings=None, metadata_directory=None):
    os.makedirs("{module}.egg-info", exist_ok=True)
    name = "{module}-{version}-py3-none-any.whl"
    info = "{module}-{version}.dist-info"
    with zipfile.ZipFile(os.path.join(target, name), "w") as wheel:
        wheel.write("{module}/__init__.py")
        wheel.writestr(
            info + "/METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
        )
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name

build_editable = build_wheel
"""
APP = "from flask import Flask\napp = Flask(__name__)\n"
PACKAGES = {
    "flask": ("3.0", "3.1"),
    "gunicorn": ("23.0",),
    "pytest": ("9.0",),
    "coverage": ("7.0",),
    "old": ("1.0 flask<3.1",),  # which wants an older flask
    "acme-lib": ("9.0",),  # of the same name as a folder of the application
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An application that wants flask, and an index with a few packages of these names."""
    write_index(tmp_path / "index", PACKAGES)
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
        "UV_DEFAULT_INDEX": f"file://{index}",
        "UV_CACHE_DIR": str(root.parent / "cache"),
    }


def proposed(root: Path) -> Proposal:
    return make_proposal(survey_application(FolderSources(str(root)), "app"))


def resolved(
    root: Path,
    said: list[str] | None = None,
    proposal: Proposal | None = None,
    **variables: str,
) -> dict[str, str]:
    """The locks. variables: of the caller, besides those that all tests have."""
    say = said.append if said is not None else lambda line: None
    state = str(root / ".shipway")
    env = environment(root)
    locker = LockResolver(
        str(root), state, UV, SystemProcesses(), env, say, environment={**env, **variables}
    )
    return locker.locks(proposal or proposed(root))


def pinned(lock: str) -> set[str]:
    """`name==version` of all that a lock has."""
    return set(re.findall(r"^[\w-]+==[\w.]+", lock, re.MULTILINE))


def versions_of(index: Path) -> list[str]:
    """`name version` of all that an index has."""
    return [" ".join(wheel.name.split("-")[:2]) for wheel in index.glob("*/*.whl")]


def write_locks(root: Path, **variables: str) -> str:
    """Resolve and write both locks; the text of the one for production."""
    locks = resolved(root, **variables)
    for path, text in locks.items():
        (root / path).write_text(text)
    return locks[LOCK]


def installed(root: Path, code: str, **variables: str) -> str:
    """What Python code prints in the environment that is installed from the lock."""
    application = Application(name="app", lock=LOCK, test_lock=TEST_LOCK)
    context = workshop(
        root, config=Config(application=application), environment={**environment(root), **variables}
    )
    python = prepare_environment(INSTALL, context, lambda line: None, development=False)
    return subprocess.run([python, "-c", code], capture_output=True, text=True).stdout.strip()


def write_package(folder: Path, name: str, version: str = "0.3") -> None:
    """A package in a folder of the repository, with one module that knows what it is."""
    module = name.replace("-", "_")
    (folder / module).mkdir(parents=True)
    (folder / module / "__init__.py").write_text("version = 'of the folder'\n")
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "{version}"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    (folder / "backend.py").write_text(BACKEND.format(module=module, name=name, version=version))


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


AGE = {"old 1.0": "2021-05-01T00:00:00Z", "flask 3.0": "2021-04-01T00:00:00Z"}


def test_what_a_list_of_another_day_does_not_pin_is_of_that_day_and_what_is_added_is_not(
    root: Path,
) -> None:
    index = write_index(root.parent / "dated", {**PACKAGES, "old": ("1.0 flask",)})
    date_uploads(index, dict.fromkeys(versions_of(index), "2024-01-01T00:00:00Z") | AGE)
    (root / "requirements.txt").write_text("old==1.0\n")
    proposal = replace(proposed(root), production=("gunicorn",), as_of="2021-06-01T00:00:00Z")
    with served_index(index) as url:
        of_that_day = resolved(root, proposal=proposal, UV_DEFAULT_INDEX=url)
        of_today = resolved(root, proposal=replace(proposal, as_of=""), UV_DEFAULT_INDEX=url)
    assert pinned(of_that_day[LOCK]) == {"flask==3.0", "gunicorn==23.0", "old==1.0"}
    assert pinned(of_that_day[TEST_LOCK]) >= pinned(of_that_day[LOCK]) | {"pytest==9.0"}
    assert "flask==3.1" in pinned(of_today[LOCK])


def test_where_an_index_has_no_dates_the_versions_are_todays_and_that_is_said(root: Path) -> None:
    (root / "requirements.txt").write_text("flask==3.0\n")
    said: list[str] = []
    proposal = replace(proposed(root), as_of="2021-06-01T00:00:00Z")
    assert "flask==3.0" in pinned(resolved(root, said, proposal=proposal)[LOCK])
    assert any(
        line.startswith("what was there that day does not fit together here") for line in said
    )


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


# -- where packages come from ----------------------------------------------------------------


PRINT_ACME = "import acme_lib; print(acme_lib.version)"
FOLDER_SOURCES = {
    "an editable requirement": {"requirements.txt": "flask\n-e ./libs/acme\n"},
    "a requirement with a name": {"requirements.txt": "flask\nacme-lib @ ./libs/acme\n"},
    "a source of uv": {
        "pyproject.toml": (
            '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
            'dependencies = ["flask", "acme-lib"]\n'
            '[tool.uv.sources]\nacme-lib = { path = "libs/acme", editable = true }\n'
        )
    },
    "a workspace": {
        "pyproject.toml": (
            '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
            'dependencies = ["flask", "acme-lib"]\n'
            "[tool.uv.sources]\nacme-lib = { workspace = true }\n"
            '[tool.uv.workspace]\nmembers = ["libs/*"]\n'
        )
    },
    "Poetry": {
        "pyproject.toml": (
            '[tool.poetry.dependencies]\nflask = "^3"\n'
            'acme-lib = { path = "libs/acme", develop = true }\n'
        )
    },
    "Poetry beside [project]": {
        "pyproject.toml": (
            '[project]\nname = "shop"\nversion = "1"\ndependencies = ["flask (>=3)", "acme-lib"]\n'
            '[tool.poetry.dependencies]\nacme-lib = { path = "libs/acme" }\n'
        )
    },
    "Pipfile": {
        "Pipfile": '[packages]\nflask = "*"\nacme-lib = { path = "./libs/acme", editable = true }\n'
    },
}


@pytest.mark.parametrize("files", FOLDER_SOURCES.values(), ids=FOLDER_SOURCES.keys())
def test_a_package_of_the_repository_is_installed_from_its_folder(
    root: Path, files: dict[str, str]
) -> None:
    (root / "requirements.txt").unlink()
    write_package(root / "libs" / "acme", "acme-lib")
    for path, text in files.items():
        (root / path).write_text(text)
    lock = write_locks(root)
    assert "./libs/acme\n" in lock
    assert str(root) not in lock
    assert "acme-lib==" not in lock
    assert installed(root, PRINT_ACME) == "of the folder"
    assert not list((root / "libs").rglob("*.egg-info"))
    (root / "libs" / "acme" / "acme_lib" / "__init__.py").write_text("version = 'later'\n")
    assert installed(root, PRINT_ACME) == "later"  # in an environment of its own


def test_a_workspace_that_uv_locked_is_exported(root: Path) -> None:
    (root / "requirements.txt").unlink()
    write_package(root / "libs" / "acme", "acme-lib")
    (root / "pyproject.toml").write_text(FOLDER_SOURCES["a workspace"]["pyproject.toml"])
    subprocess.run([UV, "lock", "--quiet"], cwd=root, env=environment(root), check=True)
    assert "./libs/acme\n" in write_locks(root)
    assert installed(root, PRINT_ACME) == "of the folder"


def test_a_lock_that_uv_would_only_write_anew_keeps_its_versions(root: Path) -> None:
    (root / "requirements.txt").unlink()
    project = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
    (root / "pyproject.toml").write_text(f'{project}dependencies = ["flask>=3"]\n')
    subprocess.run([UV, "lock", "--quiet"], cwd=root, env=environment(root), check=True)
    (root / "pyproject.toml").write_text(f'{project}dependencies = ["flask>=2"]\n')
    write_index(root.parent / "index", {**PACKAGES, "flask": ("3.0", "3.1", "3.2")})
    assert "flask==3.1" in write_locks(root)


def test_a_lock_of_uv_that_is_out_of_date_is_named(root: Path) -> None:
    (root / "requirements.txt").unlink()
    project = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
    (root / "pyproject.toml").write_text(f'{project}dependencies = ["flask"]\n')
    subprocess.run([UV, "lock", "--quiet"], cwd=root, env=environment(root), check=True)
    (root / "pyproject.toml").write_text(f'{project}dependencies = ["flask", "old"]\n')
    with pytest.raises(CannotRun, match=r"uv\.lock cannot be read") as caught:
        resolved(root)
    assert "`uv lock`" in caught.value.remedy


def test_two_versions_by_python_are_those_of_the_python_that_runs(root: Path) -> None:
    (root / "requirements.txt").unlink()
    (root / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ['
        "\"flask==3.0 ; python_version < '3.10'\", \"flask==3.1 ; python_version >= '3.10'\"]\n"
    )
    subprocess.run([UV, "lock", "--quiet"], cwd=root, env=environment(root), check=True)
    said: list[str] = []
    locks = resolved(root, said)
    assert "flask==3.1 " in locks[LOCK]
    assert "flask==3.0" not in locks[LOCK] + locks[TEST_LOCK]
    assert said == []


def test_constraints_hold(root: Path) -> None:
    (root / "requirements.txt").write_text("-c 'some constraints.txt'\nflask\n")
    (root / "some constraints.txt").write_text("flask==3.0\nold==1.0\n")
    lock = write_locks(root)
    assert "flask==3.0 " in lock
    assert "old" not in lock.partition("flask")[2]
    assert outdated_inputs(str(root), LOCK) == ""
    (root / "some constraints.txt").write_text("flask==3.1\n")
    assert outdated_inputs(str(root), LOCK) == "some constraints.txt"


def test_a_quoted_file_is_read_by_uv_in_any_encoding(root: Path) -> None:
    (root / "parts").mkdir()
    (root / "requirements.txt").write_text('-r "parts/base file.txt"\n')
    (root / "parts" / "base file.txt").write_bytes("flask==3.0\n".encode("utf-16"))
    assert "flask==3.0 " in write_locks(root)


def test_what_an_extra_of_its_own_repeats_is_resolved(root: Path) -> None:
    (root / "requirements.txt").unlink()
    (root / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\ndependencies = ["flask<3.1"]\n'
        '[project.optional-dependencies]\nmore = ["old"]\ntest = ["shop[more]", "pytest"]\n'
    )
    locks = resolved(root)
    assert "old==1.0" in locks[TEST_LOCK]
    assert "shop" not in locks[TEST_LOCK].partition("coverage")[2]


def test_of_the_application_itself_only_what_it_requires_is_in_the_lock(root: Path) -> None:
    (root / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\ndependencies = []\n'
        '[project.optional-dependencies]\nmore = ["old"]\n'
    )
    (root / "requirements.txt").write_text("flask\n-e .[more]\n")
    lock = write_locks(root)
    assert "old==1.0" in lock
    assert "shop" not in lock
    assert "-e" not in lock.split()


def test_an_application_that_cannot_be_built_is_named_and_left_out(root: Path) -> None:
    (root / "setup.py").write_text("raise SystemExit('this needs a compiler')\n")
    (root / "requirements.txt").write_text("flask\n-e .\n")
    said: list[str] = []
    assert "flask==3.1 " in resolved(root, said)[LOCK]
    assert any(line.startswith("left out: what only the application itself") for line in said)


def test_a_file_that_is_not_there_is_no_lack_of_versions(root: Path) -> None:
    (root / "requirements.txt").write_text("flask\nother @ file:///nowhere/other-1.tar.gz\n")
    with pytest.raises(CannotRun, match=r"the requirements cannot be resolved: .*nowhere"):
        resolved(root)


def test_a_local_wheel_is_installed_by_its_path(root: Path) -> None:
    wheel = write_wheel(root / "wheels", "acme-lib", "0.1")
    (root / "requirements.txt").write_text(f"flask\n./wheels/{wheel.name}\n")
    assert f"./wheels/{wheel.name}" in write_locks(root)
    assert installed(root, PRINT_ACME) == "0.1"


def test_tests_have_the_pins_of_the_other_lock(root: Path) -> None:
    (root / "requirements.txt").unlink()
    write_index(root.parent / "index", {"pytest": ("8.0", "9.0")})
    (root / "pyproject.toml").write_text(
        '[tool.poetry.dependencies]\nflask = "*"\n'
        '[tool.poetry.group.dev.dependencies]\npytest = "*"\n'
    )
    (root / "poetry.lock").write_text(
        '[[package]]\nname = "flask"\nversion = "3.0"\n'
        '[[package]]\nname = "pytest"\nversion = "8.0"\n'
    )
    locks = resolved(root)
    assert "flask==3.0 " in locks[TEST_LOCK]
    assert "pytest==8.0 " in locks[TEST_LOCK]


# -- indexes of one's own ----------------------------------------------------------------------


def test_an_index_is_part_of_the_lock(root: Path) -> None:
    own = write_index(root.parent / "own", {"acme-internal": ("1.4",)})
    with served_index(own) as url:
        (root / "requirements.txt").write_text(f"--extra-index-url {url}\nflask\nacme-internal\n")
        lock = write_locks(root)
        assert f"--extra-index-url {url}\n" in lock
        assert f"# from {url}" in lock
        assert "acme-internal==1.4 \\\n    --hash=sha256:" in lock
        assert installed(root, "import acme_internal as a; print(a.version)") == "1.4"


INDEXES = {
    "requirements.txt": {
        "requirements.txt": "--extra-index-url {named}\nflask\nacme-internal\n",
    },
    "uv": {
        "pyproject.toml": (
            '[project]\nname = "shop"\nversion = "1"\ndependencies = ["flask", "acme-internal"]\n'
            '[tool.uv.sources]\nacme-internal = {{ index = "company" }}\n'
            '[[tool.uv.index]]\nname = "company"\nurl = "{plain}"\nexplicit = true\n'
        )
    },
    "Poetry": {
        "pyproject.toml": (
            '[tool.poetry.dependencies]\nflask = "*"\n'
            'acme-internal = {{ version = "*", source = "company" }}\n'
            '[[tool.poetry.source]]\nname = "company"\nurl = "{plain}"\npriority = "explicit"\n'
        )
    },
    "Pipfile": {
        "Pipfile": (
            '[[source]]\nname = "pypi"\nurl = "https://pypi.org/simple"\n'
            '[[source]]\nname = "company"\nurl = "{named}"\n'
            '[packages]\nflask = "*"\nacme-internal = {{ version = "*", index = "company" }}\n'
        )
    },
}
CREDENTIALS = {
    "COMPANY_USER": "packager",
    "COMPANY_PASSWORD": "s3cr3t-of-the-index",
    "UV_INDEX_COMPANY_USERNAME": "packager",
    "UV_INDEX_COMPANY_PASSWORD": "s3cr3t-of-the-index",
}


@pytest.mark.parametrize("files", INDEXES.values(), ids=INDEXES.keys())
def test_the_credentials_of_an_index_are_the_callers_and_in_no_file(
    root: Path, files: dict[str, str]
) -> None:
    (root / "requirements.txt").unlink()
    own = write_index(root.parent / "own", {"acme-internal": ("1.4",)})
    with served_index(own, "packager:s3cr3t-of-the-index") as url:
        named = url.replace("://", "://${COMPANY_USER}:${COMPANY_PASSWORD}@")
        for path, text in files.items():
            (root / path).write_text(text.format(plain=url, named=named))
        with pytest.raises(CannotRun):
            resolved(root)
        lock = write_locks(root, **CREDENTIALS)
        assert "acme-internal==1.4" in lock
        assert (
            installed(root, "import acme_internal as a; print(a.version)", **CREDENTIALS) == "1.4"
        )
    written = [path for path in root.rglob("*") if path.is_file() and "venvs" not in path.parts]
    assert not [path for path in written if b"s3cr3t" in path.read_bytes()]


def test_credentials_in_a_requirements_file_are_not_carried_into_the_lock(root: Path) -> None:
    own = write_index(root.parent / "own", {"acme-internal": ("1.4",)})
    with served_index(own, "packager:s3cr3t") as url:
        address = url.replace("://", "://packager:s3cr3t@")
        (root / "requirements.txt").write_text(f"--extra-index-url {address}\nacme-internal\n")
        said: list[str] = []
        locks = resolved(root, said)
    assert f"--extra-index-url {url}\n" in locks[LOCK]
    assert "s3cr3t" not in "".join((*locks.values(), *said))
    assert any(line.startswith("not in the lock: the credentials of 127.0.0.1") for line in said)


def test_a_package_that_would_come_from_another_index_than_before_is_refused(root: Path) -> None:
    own = write_index(root.parent / "own", {"acme-lib": ("1.0",)})
    with served_index(own) as url:
        (root / "requirements.txt").write_text(f"--extra-index-url {url}\nflask\nacme-lib\n")
        write_locks(root)
        (root / "requirements.txt").write_text("flask\nacme-lib\n")
        with pytest.raises(CannotRun, match="acme-lib would come from the default index") as caught:
            resolved(root)
        assert f"delete {LOCK}" in caught.value.remedy
        (root / LOCK).unlink()
        assert "acme-lib==9.0" in resolved(root)[LOCK]


@pytest.mark.parametrize(
    "source",
    [
        '{ type = "directory", url = "libs/acme" }',
        '{ type = "git", url = "https://x/acme", resolved_reference = "abc" }',
        '{ type = "legacy", url = "https://company.example/simple", reference = "company" }',
    ],
)
def test_a_package_that_the_other_lock_has_from_elsewhere_is_refused(
    root: Path, source: str
) -> None:
    (root / "requirements.txt").unlink()
    (root / "pyproject.toml").write_text('[tool.poetry.dependencies]\nacme-lib = "*"\n')
    (root / "poetry.lock").write_text(
        f'[[package]]\nname = "acme-lib"\nversion = "9.0"\nsource = {source}\n'
    )
    with pytest.raises(CannotRun, match="acme-lib would come from the default index, not from"):
        resolved(root)
