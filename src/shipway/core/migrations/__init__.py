"""Alembic's migrations, read from their files without running them.

The heads of a history, and what its newer part takes away from releases that do not know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from shipway.core.migrations.contraction import Contraction
from shipway.core.migrations.upgrade import read_upgrade
from shipway.core.migrations.window import Window

__all__ = ["Contraction", "contractions", "heads", "unsafe_rollback"]

_REVISION = re.compile(r"^revision\b[^=\n]*= *[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_DOWN = re.compile(r"^down_revision\b[^=\n]*=(.*?)(?=^\w|\Z)", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"[\"']([^\"'\n]+)[\"']")
_MIGRATES = re.compile(r"^(?:async )?def (?:upgrade|downgrade)\b|^revision\b", re.MULTILINE)
_DJANGO = re.compile(r"^class Migration\b", re.MULTILINE)


def heads(scripts: Iterable[str]) -> tuple[str, ...]:
    """The revisions that no other revision follows, sorted. `scripts` are the files' texts."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for text in scripts:
        if found := _REVISION.search(text):
            revisions.add(found[1])
            followed.update(_before(text))
    return tuple(sorted(revisions - followed))


def contractions(older: Iterable[str], newer: Iterable[str]) -> tuple[Contraction, ...]:
    """What a release with the `older` scripts may trip over once all `newer` ones have run.

    Scripts are the files' texts; what the older release has is known by its revision, whatever
    else its text says. What one new migration makes and another takes away is no loss. Code that
    cannot be read, and Django's migrations, are contractions that are `unknown`.
    """
    old = list(older)
    known = {match[1] for text in old if (match := _REVISION.search(text))}
    fresh = [text for text in dict.fromkeys(newer) if text not in set(old)]
    found: list[Contraction] = []
    window = Window()
    for revision, text in _in_order(fresh):
        if revision not in known:
            found += read_upgrade(text, revision, window)
    found += [_not_read(text) for text in fresh if not _REVISION.search(text) and _counts(text)]
    return tuple(dict.fromkeys(found))


def unsafe_rollback(target: Iterable[str], current: Iterable[str]) -> tuple[Contraction, ...]:
    """What stands in the way of going back to a release with the `target` scripts.

    The schema stays what the `current` scripts made it: those that the target does not have are
    read, and what a person calls safe does not count. Where several releases have migrated a
    database since, `current` is the scripts of them all.
    """
    return tuple(one for one in contractions(target, current) if not one.safe)


def _before(text: str) -> list[str]:
    """The revisions that a script follows."""
    down = _DOWN.search(text)
    return _QUOTED.findall(down[1]) if down else []


def _in_order(scripts: Iterable[str]) -> list[tuple[str, str]]:
    """(revision, text), each after those that it follows; otherwise by their names."""
    texts = sorted((found[1], text) for text in scripts if (found := _REVISION.search(text)))
    followed: Mapping[str, set[str]] = {
        revision: {before for name, text in texts if name == revision for before in _before(text)}
        for revision, _ in texts
    }
    ordered: list[tuple[str, str]] = []
    left = texts
    while left:
        names = {revision for revision, _ in left}
        ready = [one for one in left if not followed[one[0]] & (names - {one[0]})]
        ordered += ready or left  # a circle: Alembic refuses it
        left = [one for one in left if one not in ready] if ready else []
    return ordered


def _counts(text: str) -> bool:
    """Whether a script without a readable revision may be a migration all the same."""
    return bool(_MIGRATES.search(text) or _DJANGO.search(text))


def _not_read(text: str) -> Contraction:
    if _DJANGO.search(text):
        return Contraction("has migrations of Django, which Shipway does not read", unknown=True)
    return Contraction("has a migration without a revision that can be read", unknown=True)
