"""The application's files as the detection asks for them, with a memory of what was asked."""

from __future__ import annotations

import os
from collections.abc import Sequence

from shipway.core.fingerprint import digest


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
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
                text: str | None = file.read()
        except OSError:
            text = None
        self.asked[f"read {path}"] = "none" if text is None else digest(text)
        return text

    def folders(self, path: str) -> Sequence[str]:
        """The names of the folders in a folder, sorted; empty when there is none."""
        try:
            with os.scandir(os.path.join(self.root, path)) as entries:
                names = sorted(
                    entry.name
                    for entry in entries
                    if entry.is_dir() and not entry.name.startswith(".")
                )
        except OSError:
            names = []
        self.asked[f"folders {path}"] = digest("\n".join(names))
        return names

    def still(self, asked: dict[str, str]) -> bool:
        """Whether every question that was asked then has the same answer now."""
        for question, answer in asked.items():
            verb, _, path = question.partition(" ")
            self.read(path) if verb == "read" else self.folders(path)
            if self.asked[question] != answer:
                return False
        return True
