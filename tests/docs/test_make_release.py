"""A release of Shipway is one command, that changes nothing unless all is well."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

DOCS = Path(__file__).parents[2] / "docs"
CHANGELOG = "# Changes\n\n## Unreleased\n- b\n\n## 1.0 (2026-01-01)\n- a\n"


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_release", DOCS / "make_release.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


maker = loaded()


def test_what_is_unreleased_gets_the_version_and_the_day() -> None:
    assert maker.released_changelog(CHANGELOG, "1.1", "2026-11-28") == (
        "# Changes\n\n## Unreleased\n\n## 1.1 (2026-11-28)\n- b\n\n## 1.0 (2026-01-01)\n- a\n"
    )


@given(st.lists(st.sampled_from(["- x", "  more", "", "### part"]), max_size=6))
def test_no_line_of_the_changelog_is_lost(lines: list[str]) -> None:
    text = CHANGELOG.replace("- b", "\n".join(["- b", *lines]))
    made = maker.released_changelog(text, "1.1", "2026-11-28")
    before = sorted(filter(None, [*text.splitlines(), "## 1.1 (2026-11-28)"]))
    assert sorted(filter(None, made.splitlines())) == before
    with pytest.raises(maker.Refused, match="nothing below"):
        maker.released_changelog(made, "1.2", "2026-11-29")


@pytest.mark.parametrize("text", ["", "# Changes\n\n## 1.0 (2026-01-01)\n- a\n"])
def test_without_a_heading_there_is_nothing_to_release(text: str) -> None:
    with pytest.raises(maker.Refused, match="nothing below"):
        maker.released_changelog(text, "1.1", "2026-11-28")


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0rc1", "1.0.post1"])
def test_todays_version_and_later_ones_can_be_released(version: str) -> None:
    assert maker.checked_version(version, "1.0") == version


@pytest.mark.parametrize("version", ["0.9", "1.0rc1", "one", "v1.1", "1.1.", "1.1-1", ""])
def test_earlier_ones_and_what_is_no_version_are_refused(version: str) -> None:
    with pytest.raises(maker.Refused):
        maker.checked_version(version, "1.0")


def test_this_repository_has_a_heading_for_what_is_unreleased() -> None:
    text = (DOCS.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith("# Changes\n\n## Unreleased\n")
    assert text.count("\n## Unreleased\n") == 1  # a second one would end the first
