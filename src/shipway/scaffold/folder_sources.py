"""The application's files as the detection asks for them, with a memory of what was asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from shipway.pipeline.cache import content_digest
from shipway.source_text import read_text


class FolderSources:
    """Reads below `root`, and notes each question with a digest of its answer.

    As long as the same questions have the same answers, what was concluded from them holds.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.asked: dict[str, str] = {}

    def read(self, path: str) -> str | None:
        """The text of a file; None when there is none that can be read."""
        try:
            text: str | None = read_text(os.path.join(self.root, path))
        except OSError:
            text = None
        self.asked[f"read {path}"] = "none" if text is None else content_digest(text)
        return text

    def folders(self, path: str) -> Sequence[str]:
        """The names of the folders in a folder, sorted; empty when there is none."""
        return self._names("folders", path, os.DirEntry.is_dir)

    def files(self, path: str) -> Sequence[str]:
        """The names of the files in a folder, sorted; empty when there is none."""
        return self._names("files", path, os.DirEntry.is_file)

    def _names(
        self, verb: str, path: str, accepts: Callable[[os.DirEntry[str]], bool]
    ) -> Sequence[str]:
        try:
            with os.scandir(os.path.join(self.root, path)) as entries:
                names = sorted(
                    entry.name
                    for entry in entries
                    if accepts(entry) and not entry.name.startswith(".")
                )
        except OSError:
            names = []
        self.asked[f"{verb} {path}"] = content_digest("\n".join(names))
        return names

    def still(self, answers: dict[str, str]) -> bool:
        """Whether every question that was asked then has the same answer now."""
        ask = {"read": self.read, "folders": self.folders, "files": self.files}
        for question, answer in answers.items():
            verb, _, path = question.partition(" ")
            ask[verb](path)
            if self.asked[question] != answer:
                return False
        return True
