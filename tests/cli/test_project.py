"""Where a project is found, and what is wrong with its configuration, in words."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.cli.in_process import git, project, shipway, step

STEP = step("there", "true")


def planned(folder: Path, *words: str) -> list[str]:
    done = shipway(folder, *words, "plan", "--json")
    assert done.returncode == 0, done.stderr
    return [one["step"] for one in json.loads(done.stdout)]


# -- where it is ---------------------------------------------------------------------------


def test_a_project_is_found_from_any_folder_below(tmp_path: Path) -> None:
    web = project(tmp_path / "web", STEP, {"deep/er/file": ""})
    assert planned(web / "deep" / "er") == ["there"]
    assert planned(tmp_path, "-C", "web") == ["there"]
    assert planned(tmp_path, "--directory", str(web / "deep")) == ["there"]
    assert (web / ".shipway").is_dir()
    assert not (tmp_path / ".shipway").exists()


def test_the_search_ends_at_the_repository(tmp_path: Path) -> None:
    project(tmp_path, STEP, {"other/file": ""})
    git(tmp_path / "other", "init", "--quiet")
    done = shipway(tmp_path / "other", "plan")
    assert done.returncode == 2
    assert "there is no pipeline here" in done.stderr


def test_a_table_in_pyproject_is_a_configuration(tmp_path: Path) -> None:
    web = project(tmp_path / "web", "", {"below/file": ""})
    (web / "shipway.toml").unlink()
    table = STEP.replace("[steps.", "[tool.shipway.steps.")
    (web / "pyproject.toml").write_text(f'[project]\nname = "shop"\n{table}')
    assert planned(web / "below") == ["there"]
    (web / "pyproject.toml").write_text("[tool.shipway]\nstesp = {}\n")
    wrong = shipway(web, "run")
    assert wrong.returncode == 2
    assert "pyproject.toml: stesp: there is no such key. Did you mean 'steps'?" in wrong.stderr
    (web / "shipway.toml").write_text(STEP.replace("there", "nearer"))
    assert planned(web) == ["nearer"]


@pytest.mark.parametrize("place", ["nowhere", "web/shipway.toml", "", "web\n"])
def test_a_folder_that_is_none_is_named(tmp_path: Path, place: str) -> None:
    project(tmp_path / "web", STEP)
    if not place:
        assert shipway(tmp_path / "web", "-C", "", "plan").returncode in (0, 2)
        return
    done = shipway(tmp_path, "-C", place, "run")
    assert done.returncode == 2
    assert f"there is no folder {place}" in done.stderr
    assert "next: Correct the word after -C" in done.stderr


def test_a_hostile_folder_name_is_a_name(tmp_path: Path) -> None:
    for name in ("-with space", "$(id)\n", os.fsdecode(b"caf\xe9")):
        web = project(tmp_path / "all" / name, step("there", "pwd"))
        done = shipway(web, "run")
        assert (done.returncode, done.stderr) == (0, "")


# -- what is wrong with it -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ("[steps", "shipway.toml is not TOML"),
        ("a = 1\na = 2\n", "shipway.toml is not TOML"),
        ('[steps.x]\nrun = ""\n', "steps.x.run is empty"),
        ("[steps.x]\nrun = []\n", "steps.x.run is empty"),
        ('[steps.x]\nrun = "it\'s"\n', "steps.x.run: No closing quotation: it's"),
        ("[steps.x]\nrun = 7\n", "shipway.toml: steps.x.run: found 7"),
        ('[steps.x]\nrun = "true"\nneeds = ["y"]\n', "step 'x' needs 'y', which is no step"),
        ('[steps.x]\nrun = "true"\nneeds = ["x"]\n', "in a circle: x → x"),
        ("steps = 7\n", "shipway.toml: steps: found 7"),
        ('[environments.local]\nplatform = "moon"\n', "environments.local.platform"),
    ],
)
def test_a_wrong_configuration_is_said_in_words(
    tmp_path: Path, configuration: str, words: str
) -> None:
    done = shipway(project(tmp_path / "web", configuration), "run")
    assert done.returncode == 2
    assert words in done.stderr
    assert "next: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[project", "pyproject.toml is not TOML"),
        ("project = 7\n", "pyproject.toml: project"),
        ("[tool]\nshipway = 7\n", "pyproject.toml: tool.shipway"),
        ("tool = 7 # [tool.shipway\n", "pyproject.toml: tool"),
    ],
)
def test_a_wrong_pyproject_is_said_in_words(tmp_path: Path, text: str, words: str) -> None:
    web = project(tmp_path / "web", STEP, {"pyproject.toml": text})
    if "tool" in text:
        (web / "shipway.toml").unlink()
    done = shipway(web, "run")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_configuration_that_was_mended_is_read_anew(tmp_path: Path) -> None:
    web = project(tmp_path / "web", STEP)
    assert planned(web) == ["there"]
    (web / "shipway.toml").write_text("[steps")
    assert shipway(web, "plan").returncode == 2
    (web / "shipway.toml").write_text(STEP.replace("there", "mended"))
    assert planned(web) == ["mended"]


# -- output that goes nowhere --------------------------------------------------------------


def test_no_words_and_help_teach(tmp_path: Path) -> None:
    assert "shipway --help" in shipway(tmp_path).stdout
    assert shipway(tmp_path, "-h").returncode == 0
    wrong = shipway(tmp_path, "rnu")
    assert wrong.returncode == 2
    assert "rnu" in wrong.stderr
