"""The tags of an image. A version's and a commit's never move; an environment's does."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.core.images.reference import tag_from


@dataclass(frozen=True)
class Origin:
    """What an image was built from.

    commit: forty digits, "" outside a repository. changed: whether files differ from it.
    moment: seconds since the epoch of the commit; 0 where there is none.
    """

    application: str
    version: str
    commit: str
    changed: bool
    moment: int

    @property
    def revision(self) -> str:
        """The commit as labels say it; `-dirty` where files differ from it."""
        return f"{self.commit}-dirty" if self.commit and self.changed else self.commit


def lasting(origin: Origin, digest: str) -> tuple[str, ...]:
    """The tags that never move: version, and commit.

    What is not exactly a commit gets neither, only one by its digest: nobody may take it for the
    commit's image.
    """
    short = digest.removeprefix("sha256:")[:12]
    version = tag_from(origin.version)
    if origin.changed or not origin.commit:
        return (tag_from(f"{version or '0'}-dirty-{short}"),)
    tags = (version, f"sha-{origin.commit[:12]}")
    return tuple(tag for tag in tags if tag)


def by_digest(digest: str) -> str:
    """The tag of an image whose other lasting tags belong to others: one without is cleaned up."""
    return f"image-{digest.removeprefix('sha256:')[:12]}"
