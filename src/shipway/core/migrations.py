"""The heads of an Alembic history, read from its files without running them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_REVISION = re.compile(r"^revision\b[^=\n]*= *[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_DOWN = re.compile(r"^down_revision\b[^=\n]*=(.*?)(?=^\w|\Z)", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"[\"']([^\"'\n]+)[\"']")


def heads(scripts: Iterable[str]) -> tuple[str, ...]:
    """The revisions that no other revision follows, sorted. `scripts` are the files' texts."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for text in scripts:
        if found := _REVISION.search(text):
            revisions.add(found[1])
            if down := _DOWN.search(text):
                followed.update(_QUOTED.findall(down[1]))
    return tuple(sorted(revisions - followed))
