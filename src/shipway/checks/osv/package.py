"""A package as a lock file or an image names it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

from packaging.utils import canonicalize_name
from packaging.version import Version


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


# The order of versions in each ecosystem, by libraries that are kept for it.


class Comparable(Protocol):
    """A version that knows its place among others."""

    def __lt__(self, other: Self, /) -> bool: ...
    def __le__(self, other: Self, /) -> bool: ...


class PyPI:
    """PEP 440. A local label ("+cu118") names another build of the same release."""

    def name(self, text: str) -> str:
        """Names that PyPI takes for the same, as one."""
        return canonicalize_name(text)

    def version(self, text: str) -> Comparable:
        """ValueError for what is no version."""
        return Version(Version(text).public)


class Debian:
    """Debian policy, 5.6.12; source packages."""

    def name(self, text: str) -> str:
        """As it is."""
        return text

    def version(self, text: str) -> Comparable:
        """ValueError for what is no version."""
        from univers.debian import Version as DebianVersion  # slow, and not for every run

        read: Callable[[str], Comparable] = DebianVersion.from_string
        return read(text)


Ordering = PyPI | Debian


def version_ordering(ecosystem: str) -> Ordering:
    """The rules of an ecosystem: "PyPI", "Debian", "Debian:12"."""
    orderings: dict[str, Ordering] = {"PyPI": PyPI(), "Debian": Debian()}
    name = ecosystem.partition(":")[0]
    if name not in orderings:
        raise ValueError(f"{ecosystem} is not known here; known are {', '.join(orderings)}")
    return orderings[name]
