"""What becomes of a file."""

from __future__ import annotations

import pytest

from shipway.scaffold.generated_files import FileChange


@pytest.mark.parametrize(
    ("change", "word", "needed"),
    [
        (FileChange("a", None, "x\n"), "new", True),
        (FileChange("a", "x\n", "x\n"), "same", False),
        (FileChange("a", "y\n", "x\n"), "changed", True),
        (FileChange("a", "y\n", "x\n", kept=True), "kept", False),
    ],
)
def test_a_change_has_a_word(change: FileChange, word: str, needed: bool) -> None:
    assert (change.word, change.needed) == (word, needed)


def test_a_difference_is_shown_as_diff_writes_it() -> None:
    assert list(FileChange("a", "y\n", "x\n").diff())[:2] == ["--- a/a", "+++ b/a"]
    assert list(FileChange("a", None, "x\n").diff())[:2] == ["--- /dev/null", "+++ b/a"]
