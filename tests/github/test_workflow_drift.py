from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from shipway.github.workflows import FileDrift, file_drifts

WANTED = "a: 1\nb: 2\nc: 3\n"


def lines(there: str | None, wanted: str | None = WANTED) -> list[str]:
    return [line for one in file_drifts(_one(wanted), _one(there)) for line in one.lines]


def _one(text: str | None) -> dict[str, str]:
    return {} if text is None else {"ci.yml": text}


def test_each_difference_is_named_by_the_line_where_it_begins() -> None:
    assert lines("a: 1\nb: 4\nc: 3\n") == ["ci.yml:2: found 'b: 4', wanted 'b: 2'"]
    assert lines("b: 2\nc: 3\n") == ["ci.yml:1: found nothing, wanted 'a: 1'"]
    assert lines("a: 1\nb: 2\nc: 3\nd\ne\n") == ["ci.yml:4: found 'd' and 1 more, wanted nothing"]


def test_a_whole_file_has_no_line() -> None:
    assert lines(None) == ["ci.yml: is missing"]
    assert lines("x", None) == ["ci.yml: is not wanted any more"]
    assert lines(WANTED.rstrip("\n")) == ["ci.yml: ends otherwise"]


def test_what_is_the_same_does_not_differ() -> None:
    assert lines(WANTED) == []


def test_line_ends_are_no_difference() -> None:
    windows = WANTED.replace("\n", "\r\n")
    assert lines(windows) == []
    assert lines(windows.replace("b: 2", "b: 4")) == ["ci.yml:2: found 'b: 4', wanted 'b: 2'"]


_TEXT = st.lists(st.sampled_from("abc")).map(lambda found: "".join(f"{one}\n" for one in found))


@given(_TEXT, _TEXT)
def test_a_file_differs_exactly_where_a_place_is_named(there: str, wanted: str) -> None:
    assert bool(lines(there, wanted)) == (there != wanted)


def test_the_difference_is_a_patch_that_makes_it_so(tmp_path: Path) -> None:
    (tmp_path / "ci.yml").write_text("a: 1\nx\nc: 3\n")
    patch = "".join(FileDrift("ci.yml", WANTED, "a: 1\nx\nc: 3\n").unified)
    subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=tmp_path, check=True)
    assert (tmp_path / "ci.yml").read_text() == WANTED
