"""What becomes of a file."""

from __future__ import annotations

import pytest

from shipway.core.adoption.change import Change


@pytest.mark.parametrize(
    ("change", "word", "needed"),
    [
        (Change("a", None, "x\n"), "new", True),
        (Change("a", "x\n", "x\n"), "same", False),
        (Change("a", "y\n", "x\n"), "changed", True),
        (Change("a", "y\n", "x\n", kept=True), "kept", False),
    ],
)
def test_a_change_has_a_word(change: Change, word: str, needed: bool) -> None:
    assert (change.word, change.needed) == (word, needed)


def test_a_difference_is_shown_as_diff_writes_it() -> None:
    assert list(Change("a", "y\n", "x\n").diff())[:2] == ["--- a/a", "+++ b/a"]
    assert list(Change("a", None, "x\n").diff())[:2] == ["--- /dev/null", "+++ b/a"]
