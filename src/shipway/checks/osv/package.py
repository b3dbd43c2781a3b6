"""A package as a lock file or an image names it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """One version of one package.

    name: as its ecosystem writes it in one form. version: "" where the file pins none. line: of
    the file, 0 when there is none. development: only the development part needs it.
    """

    name: str
    version: str
    line: int = 0
    development: bool = False
