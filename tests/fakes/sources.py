"""Source files that are in memory only."""

from __future__ import annotations

from collections.abc import Sequence


class MemorySources:
    """A fake for tests: path → text."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none."""
        return self.texts.get(path)

    def folders(self, path: str) -> Sequence[str]:
        """The names of the folders in a folder, sorted."""
        return sorted({name.split("/")[0] for name in self._below(path) if "/" in name})

    def files(self, path: str) -> Sequence[str]:
        """The names of the files in a folder, sorted."""
        return sorted(name for name in self._below(path) if "/" not in name)

    def _below(self, path: str) -> list[str]:
        prefix = f"{path}/" if path else ""
        return [name.removeprefix(prefix) for name in self.texts if name.startswith(prefix)]
