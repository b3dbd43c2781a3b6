"""How files differ from what they are to be: line by line, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff


@dataclass(frozen=True)
class Drift:
    """A file that differs. wanted, there: its text; None where there is to be, or is, no file."""

    name: str
    wanted: str | None
    there: str | None

    @property
    def places(self) -> list[tuple[int, str]]:
        """Where it differs and how: the line where a difference begins, from 1; 0 for the file."""
        if self.there is None:
            return [(0, "is missing")]
        if self.wanted is None:
            return [(0, "is not wanted any more")]
        before, after = self.there.splitlines(), self.wanted.splitlines()
        codes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        found = [
            (start + 1, f"found {_shown(before[start:end])}, wanted {_shown(after[first:last])}")
            for kind, start, end, first, last in codes
            if kind != "equal"
        ]
        return found or [(0, "has other line ends")]

    @property
    def lines(self) -> list[str]:
        """`ci-cd.yml:12: found …, wanted …`, each difference."""
        return [
            f"{self.name}:{line}: {words}" if line else f"{self.name}: {words}"
            for line, words in self.places
        ]

    @property
    def unified(self) -> Iterator[str]:
        """The change that makes it as wanted, as `diff -u` writes it."""
        before = (self.there or "").splitlines(keepends=True)
        after = (self.wanted or "").splitlines(keepends=True)
        source = "/dev/null" if self.there is None else f"a/{self.name}"
        goal = "/dev/null" if self.wanted is None else f"b/{self.name}"
        return unified_diff(before, after, source, goal)


def drifts(wanted: Mapping[str, str], there: Mapping[str, str]) -> Iterator[Drift]:
    """The files that differ, by name."""
    for name in sorted({*wanted, *there}):
        if wanted.get(name) != there.get(name):
            yield Drift(name, wanted.get(name), there.get(name))


def _shown(lines: list[str]) -> str:
    if not lines:
        return "nothing"
    more = f" and {len(lines) - 1} more" if lines[1:] else ""
    return repr(lines[0].strip()) + more
