"""Files without an end, pipes, devices, huge files, deep nesting, huge numbers.

The commands run as processes whose memory and time are limited: what reads on is killed, and no
test can fill the machine.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from tests.cli.in_process import SHIPWAY, environment, project, step

from shipway.checks.pytest import UNIT
from shipway.config.schema import Config
from shipway.errors import ConfigError
from shipway.pipeline.check import CheckContext, ToolOutput
from shipway.pipeline.execution import collect_reports
from shipway.releases.local_packages import local_folders
from shipway.releases.migrations.locations import alembic_locations
from shipway.scaffold import documents
from shipway.source_text import READ_LIMIT, parse_json, parse_toml, read_bytes

STEP = step("unit", "true")
MEMORY = 1_500_000_000  # bytes of address space: an interpreter with all libraries needs 0.5 GB
SECONDS = 60


def limited(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command in little memory; fails the test where it does not come to an end."""
    return subprocess.run(
        [SHIPWAY, *words],
        cwd=folder,
        env=environment(folder),
        timeout=SECONDS,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
    )


def zero(path: Path) -> None:
    path.symlink_to("/dev/zero")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(4 << 30)


def nested_toml(path: Path) -> None:
    path.write_text(f"[application]\nrelease = {'[' * 100_000}{']' * 100_000}\n")


def huge_number(path: Path) -> None:
    path.write_text(f"[gates]\ncoverage = {'9' * 10_000}\n")


def dotted_key(path: Path) -> None:
    path.write_text(".".join(["a"] * 20_000) + " = 1\n")


def null_bytes(path: Path) -> None:
    path.write_bytes(b"\0" * 100)


FILES: tuple[Callable[[Path], None], ...] = (zero, pipe, sparse, null_bytes, folder)
TEXTS: tuple[Callable[[Path], None], ...] = (nested_toml, huge_number, dotted_key)


@pytest.mark.parametrize("make", [*FILES, *TEXTS], ids=lambda make: make.__name__)
def test_a_configuration_that_cannot_be_read_is_said(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    web = project(tmp_path / "web", "")
    (web / "shipway.toml").unlink()
    make(web / "shipway.toml")
    done = limited(web, "plan")
    assert done.returncode == 2, done.stderr[-2000:]
    assert "shipway.toml" in done.stderr or make is folder
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("make", [*FILES, *TEXTS], ids=lambda make: make.__name__)
def test_a_pyproject_that_cannot_be_read_is_said(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    web = project(tmp_path / "web", "")
    (web / "shipway.toml").unlink()
    make(web / "pyproject.toml")
    done = limited(web, "plan")
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert "pyproject.toml" in done.stderr or make in (null_bytes, folder, huge_number)


@pytest.mark.parametrize("make", [zero, pipe, sparse], ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", ["requirements.txt", "uv.lock", "Dockerfile", "app.py", ".env"])
def test_a_source_file_without_an_end_is_not_read(
    tmp_path: Path, make: Callable[[Path], None], name: str
) -> None:
    web = project(tmp_path / "web", STEP)
    make(web / name)
    done = limited(web, "plan")
    assert done.returncode in (0, 2), done.stderr[-2000:]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("make", [zero, pipe, sparse, folder], ids=lambda make: make.__name__)
@pytest.mark.parametrize(
    "words", [("findings", "import", "x"), ("run", "security", "--baseline", "x")], ids=" ".join
)
def test_findings_without_an_end_are_not_read(
    tmp_path: Path, make: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    web = project(tmp_path / "web", "[application]\nname = 'x'\n", {"app.py": "x = 1\n"})
    make(web / "x")
    done = limited(web, *words)
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, "9" * 10_000, "\0", "", "NaN", '{"runs": ' + "9" * 9999],
    ids=["list", "object", "number", "null byte", "empty", "nan", "field"],
)
def test_findings_that_are_no_findings_are_said(tmp_path: Path, text: str) -> None:
    web = project(tmp_path / "web", STEP, {"x": text})
    done = limited(web, "findings", "import", "x")
    assert done.returncode == 2, done.stderr[-2000:]
    assert "Traceback" not in done.stderr


# -- the one reader ------------------------------------------------------------------------


@pytest.mark.parametrize("make", [zero, pipe, sparse, folder], ids=lambda make: make.__name__)
def test_the_reader_takes_regular_files_of_a_bounded_size(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "x")
    with pytest.raises((ConfigError, IsADirectoryError), match="x"):
        read_bytes(str(tmp_path / "x"))


def test_the_reader_takes_a_file_of_exactly_the_limit(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"a" * 10)
    assert read_bytes(str(tmp_path / "x"), limit=10) == b"a" * 10
    with pytest.raises(ConfigError, match="larger than"):
        read_bytes(str(tmp_path / "x"), limit=9)


def test_a_file_that_grows_is_not_read_on(tmp_path: Path) -> None:
    """/proc files say that they are empty, whatever they hold."""
    with pytest.raises(ConfigError, match="larger than"):
        read_bytes("/proc/self/maps", limit=10)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 10_000, "{", ""])
def test_json_that_is_none_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        parse_json(text)


@pytest.mark.parametrize(
    "text", [f"a = {'[' * 50_000}", f"a = {'9' * 10_000}", "a = ", "{'a': " * 9_999, "\0"]
)
def test_toml_that_is_none_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="not TOML"):
        parse_toml(text)


def test_a_sane_document_is_what_it_was() -> None:
    assert parse_json('{"a": [1, 2.5, "x"]}') == {"a": [1, 2.5, "x"]}
    assert parse_toml("a = 1\n") == {"a": 1}
    assert sys.get_int_max_str_digits() == 4300
    assert READ_LIMIT >= 16 << 20


# -- what tests and tools leave ------------------------------------------------------------

SUITE = """
[application]
unit_tests = "tests"
packages = ["app"]
"""


def test_a_log_of_a_step_is_bounded(tmp_path: Path) -> None:
    script = "head -c 300000000 /dev/zero | tr '\\\\0' 'a'; echo; echo the end"
    web = project(tmp_path / "web", step("unit", script))
    done = limited(web, "run")
    assert done.returncode == 0, done.stderr[-2000:]
    assert sum(path.stat().st_size for path in (web / ".shipway").rglob("*") if path.is_file()) < (
        40 << 20
    )


@pytest.mark.parametrize("make", [zero, pipe, sparse, folder], ids=lambda make: make.__name__)
def test_a_suite_whose_report_cannot_be_read_has_failed(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """Without a report nobody knows what its tests said, whatever the exit code is."""
    make(tmp_path / "junit.xml")
    told: list[str] = []
    reports = collect_reports(UNIT, str(tmp_path), (), told.append)
    assert "junit.xml" not in reports
    assert len(told) == 1
    assert "junit.xml" in told[0]
    context = CheckContext(str(tmp_path), str(tmp_path), sys.executable)
    reading = UNIT.read(ToolOutput(0, "", f"ERROR: {told[0]}\n", reports), Config(), context)
    assert told[0] in reading.failed


def test_a_state_file_that_is_nested_deeply_is_said(tmp_path: Path) -> None:
    web = project(tmp_path / "web", "[application]\nname = 'x'\n", {"app.py": "x = 1\n"})
    assert limited(web, "plan").returncode in (0, 2)
    imported = web / ".shipway" / "imported"
    imported.mkdir(parents=True, exist_ok=True)
    (imported / "x.json").write_text("[" * 100_000)
    done = limited(web, "findings", "import", "--json")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "imported/x.json" in done.stderr


@pytest.mark.parametrize(
    "read",
    [
        documents.parse_toml,
        local_folders,
        lambda text: alembic_locations("pyproject.toml", text),
    ],
)
def test_files_beside_the_settings_that_are_nested_deeply_say_nothing(
    read: Callable[[str], Iterable[object]],
) -> None:
    for text in ("[[package]]\nx = " + "[" * 100_000, "[[package]]\n" + "a." * 20_000 + "a = 1"):
        assert not list(read(text))
