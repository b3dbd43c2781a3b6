"""One file that `shipway init` writes, or leaves as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff


@dataclass(frozen=True)
class Change:
    """before: the text that is there, None where no file is. kept: it stays as it is, although
    other text was proposed, because nobody said that it may be replaced."""

    path: str
    before: str | None
    after: str
    kept: bool = False

    @property
    def needed(self) -> bool:
        """Whether something has to be written."""
        return not self.kept and self.before != self.after

    @property
    def word(self) -> str:
        """What becomes of the file."""
        if self.before == self.after:
            return "same"
        if self.kept:
            return "kept"
        return "new" if self.before is None else "changed"

    def diff(self) -> Iterator[str]:
        """The difference, as `diff -u` writes it."""
        before = (self.before or "").splitlines()
        head = f"a/{self.path}" if self.before is not None else "/dev/null"
        yield from unified_diff(
            before, self.after.splitlines(), head, f"b/{self.path}", lineterm=""
        )
