"""The application's files, as whoever works out what it is asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

# What no part of the application is in: tools' own folders, and other people's code.
FOREIGN = {
    "venv",
    "env",
    "node_modules",
    "site-packages",
    "build",
    "dist",
    "htmlcov",
    "__pycache__",
    "bower_components",
    "vendor",
}
MOST_FILES = 3000


class Sources(Protocol):
    """The application's files, read only. Paths are relative to its root."""

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none."""
        ...

    def folders(self, path: str) -> Sequence[str]:
        """The names of the folders in a folder, sorted; empty when there is none."""
        ...

    def files(self, path: str) -> Sequence[str]:
        """The names of the files in a folder, sorted; empty when there is none."""
        ...


class SourcesBelow:
    """The files below one folder, as if it were the root."""

    def __init__(self, sources: Sources, folder: str) -> None:
        self._sources = sources
        self._folder = folder

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none."""
        return self._sources.read(f"{self._folder}/{path}")

    def folders(self, path: str) -> Sequence[str]:
        """The names of the folders in a folder, sorted."""
        return self._sources.folders(f"{self._folder}/{path}".rstrip("/"))

    def files(self, path: str) -> Sequence[str]:
        """The names of the files in a folder, sorted."""
        return self._sources.files(f"{self._folder}/{path}".rstrip("/"))


def python_files(sources: Sources, below: str = "") -> Iterator[str]:
    """Paths of the application's Python files, folder by folder, at most MOST_FILES."""
    left = MOST_FILES
    waiting = [below]
    while waiting and left > 0:
        folder = waiting.pop(0)
        prefix = f"{folder}/" if folder else ""
        for name in sources.files(folder):
            if name.endswith(".py") and left > 0:
                left -= 1
                yield prefix + name
        waiting += [prefix + name for name in sources.folders(folder) if name not in FOREIGN]
