"""The order of versions in each ecosystem, by libraries that are kept for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self

from packaging.utils import canonicalize_name
from packaging.version import Version


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


def ordering(ecosystem: str) -> Ordering:
    """The rules of an ecosystem: "PyPI", "Debian", "Debian:12"."""
    known: dict[str, Ordering] = {"PyPI": PyPI(), "Debian": Debian()}
    name = ecosystem.partition(":")[0]
    if name not in known:
        raise ValueError(f"{ecosystem} is not known here; known are {', '.join(known)}")
    return known[name]
