"""Where a secret stands. Whoever may know it reads it there: it is passed on to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class SecretPlace:
    """Bytes of a file, or of a file in a commit.

    path: from the application's root; in a commit from the repository's. literal: whether the
    secret stands there letter for letter; else it is encoded in these bytes.
    """

    commit: str
    path: str
    offset: int
    length: int
    literal: bool

    def to_dict(self) -> dict[str, Any]:
        """For the record."""
        return asdict(self)


def place_from(data: Mapping[str, Any]) -> SecretPlace:
    """The place in what a scanner's program or the record has of it."""
    return SecretPlace(
        commit=str(data["commit"]),
        path=str(data["path"]),
        offset=int(data["offset"]),
        length=int(data["length"]),
        literal=bool(data["literal"]),
    )
