"""Names and patterns that are paths, options, control characters or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.in_process import project, shipway, step

from shipway.config.names import is_name, is_pattern
from shipway.config.validation import validate
from shipway.errors import ConfigError

BAD_NAMES = (
    "../../x",
    "..",
    ".",
    "",
    "a/b",
    "/etc",
    "a\\\\b",
    "-rf",
    "--help",
    ".hidden",
    "a b",
    "a\\nb",
    "a\\u0000b",
    "a\\u001b[2Jb",
    "\\u202eb",
    "x" * 65,
    "a;b",
    "$(id)",
    "a*",
)
BAD_PATTERNS = (
    "../fast/app.py",
    "..",
    "/etc/passwd",
    "a/../../b",
    "./../b",
    "app/..",
    "~/.ssh/id_rsa/../..",
    "a\\u0000b",
    "a\\nb",
    "",
)


def refused(folder: Path, configuration: str, key: str) -> None:
    """`plan` and `run` end with exit code 2, name the key, and touch nothing outside."""
    web = project(folder / "deep" / "er" / "web", configuration, {"app.py": ""})
    before = files(folder)
    for words in (("plan",), ("run",)):
        done = shipway(web, *words)
        assert done.returncode == 2, done.stdout
        assert key in done.stderr
        assert "\x1b[2J" not in done.stderr
    assert files(folder) == before


def files(folder: Path) -> list[Path]:
    """All but what Shipway keeps where it should: of the project, and of the user."""
    own = {".shipway", "state", "cache"}
    return sorted(path for path in folder.rglob("*") if not own.intersection(path.parts))


@pytest.mark.parametrize("name", BAD_NAMES)
def test_an_environment_of_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, f'[environments."{name}"]\nport = 9000\n', "environments")


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_step_of_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, f'[steps."{name}"]\nrun = "true"\n', "steps")


@pytest.mark.parametrize("name", ["../../x", "a\\nb", "-x"])
@pytest.mark.parametrize("key", ["name", "version"])
def test_an_application_of_a_bad_name_or_version_is_refused(
    tmp_path: Path, key: str, name: str
) -> None:
    refused(tmp_path, f'[application]\n{key} = "{name}"\n' + step("unit", "true"), key)


@pytest.mark.parametrize("pattern", BAD_PATTERNS)
def test_a_release_that_reaches_outside_is_refused(tmp_path: Path, pattern: str) -> None:
    refused(tmp_path, f'[application]\nrelease = ["{pattern}"]\n' + step("unit", "true"), "release")


@pytest.mark.parametrize("pattern", BAD_PATTERNS)
def test_inputs_that_reach_outside_are_refused(tmp_path: Path, pattern: str) -> None:
    refused(tmp_path, f'[steps.unit]\nrun = "true"\ninputs = ["{pattern}"]\n', "inputs")


@pytest.mark.parametrize(
    "name", ["../../x", "..", "a/b", "", "-x", "a\nb", "\x1b[2J", "x" * 65, "."]
)
def test_findings_are_kept_under_names_only(tmp_path: Path, name: str) -> None:
    sarif = '{"version": "2.1.0", "runs": []}'
    web = project(tmp_path / "web", step("unit", "true"), {"x.sarif": sarif})
    done = shipway(web, "findings", "import", "x.sarif", f"--name={name}")
    if name:
        assert done.returncode == 2
        assert not (web / ".shipway" / "imported").exists()
    assert {"web", "cache", "state"}.issuperset(os.listdir(tmp_path))


@pytest.mark.parametrize("name", ["../record.sqlite3", "../../web/shipway", "/etc/passwd", ".."])
def test_only_what_was_imported_is_forgotten(tmp_path: Path, name: str) -> None:
    web = project(tmp_path / "web", step("unit", "true"))
    done = shipway(web, "findings", "import", f"--remove={name}")
    assert done.returncode == 2
    assert (web / "shipway.toml").exists()


@pytest.mark.parametrize(
    "words", [("deploy",), ("status",), ("down",), ("rollback",), ("hold",), ("logs",), ("resume",)]
)
def test_no_command_takes_a_path_for_an_environment(tmp_path: Path, words: tuple[str, ...]) -> None:
    web = project(tmp_path / "web", step("unit", "true") + "[environments.local]\n")
    assert shipway(web, *words, "../../x").returncode == 2
    assert not (tmp_path.parent / "x").exists()


# -- the law -------------------------------------------------------------------------------


@given(st.text(max_size=80))
def test_a_name_is_one_word_of_a_path_and_no_option(text: str) -> None:
    if is_name(text):
        assert os.path.basename(text) == text
        assert text not in ("", ".", "..")
        assert not text.startswith(("-", "."))
        assert text.isascii() and text.isprintable() and " " not in text


@given(st.text(alphabet="./a*~\n\0\\", max_size=12))
def test_a_pattern_never_leads_out_of_the_folder(text: str) -> None:
    if is_pattern(text):
        path = os.path.normpath(os.path.join("/root/folder", text))
        assert path == "/root/folder" or path.startswith("/root/folder/")
        assert "\0" not in text and "\n" not in text


@pytest.mark.parametrize("name", ["local", "staging-2", "eu.west_1", "A", "x" * 64])
def test_usual_names_are_names(name: str) -> None:
    assert validate({"environments": {name: {}}, "steps": {name: {"run": "x"}}}, "shipway.toml")


@pytest.mark.parametrize("pattern", ["**", "app/**/*.py", "!tests/**", "a..b", "*.txt", ".env.x"])
def test_usual_patterns_are_patterns(pattern: str) -> None:
    assert validate({"application": {"release": [pattern]}}, "shipway.toml")


@pytest.mark.parametrize("table", ["checks", "gates.endpoints", "github.branches"])
def test_the_fault_names_the_key(table: str) -> None:
    with pytest.raises(ConfigError, match="environments"):
        validate({"environments": {"a/b": {}}}, "shipway.toml")
