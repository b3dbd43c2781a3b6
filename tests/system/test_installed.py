"""What is installed here, as far as the times of folders tell."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.system.installed import installed_state


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / ".cache/ms-playwright").mkdir(parents=True)
    for folder in (programs, tmp_path / ".cache/ms-playwright"):
        os.utime(folder, (1, 1))
    return {"PATH": f"{programs}{os.pathsep}{tmp_path}/absent", "HOME": str(tmp_path)}


def test_nothing_new_is_the_same_state(environment: dict[str, str]) -> None:
    assert installed_state(environment) == installed_state(dict(environment))


@pytest.mark.parametrize(
    "path",
    ["bin/chromium", "absent/chromium", ".cache/ms-playwright/chromium-1", ".wdm/drivers/x"],
)
def test_a_program_or_browser_that_comes_is_another_state(
    environment: dict[str, str], path: str
) -> None:
    before = installed_state(environment)
    file = Path(environment["HOME"], path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("")
    after = installed_state(environment)
    assert after != before
    file.unlink()
    assert installed_state(environment) != after


def test_a_browser_in_a_folder_of_its_own_is_seen(
    environment: dict[str, str], tmp_path: Path
) -> None:
    environment["PLAYWRIGHT_BROWSERS_PATH"] = str(tmp_path / "browsers")
    before = installed_state(environment)
    (tmp_path / "browsers").mkdir()
    assert installed_state(environment) != before


def test_a_browser_that_is_unpacked_later_into_its_folder_is_seen(
    environment: dict[str, str],
) -> None:
    folder = Path(environment["HOME"], ".cache/ms-playwright/chromium-1")
    folder.mkdir()
    os.utime(folder, (1, 1))
    before = installed_state(environment)
    (folder / "chrome").write_text("")
    assert installed_state(environment) != before


@given(st.dictionaries(st.sampled_from(["PATH", "HOME", "PLAYWRIGHT_BROWSERS_PATH"]), st.text()))
def test_whatever_the_variables_hold_there_is_a_state(environment: dict[str, str]) -> None:
    assert installed_state(environment) == installed_state(environment)
