"""Images that a registry has no more.

After BatchDeleteImage MiniStack goes on serving a manifest by its digest, as another media type.
ECR says that there is none; so does this. And what its ECS says of a task whose image cannot be
pulled begins in other words than ECS's (developer guide, "CannotPullContainer task errors").
"""

from __future__ import annotations

import json
import re

_MANIFEST = re.compile(r"/v2/[^?]+/manifests/(sha256:[0-9a-f]{64})")
_PULL = b"ResourceInitializationError: unable to pull image or start container:"
_UNKNOWN = json.dumps(
    {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "Requested image not found"}]}
).encode()
Answer = tuple[int, list[tuple[str, str]], bytes]


class LostImages:
    """By their digests."""

    def __init__(self) -> None:
        self._gone: set[str] = set()
        self._going: set[str] = set()

    def deleted(self, body: bytes) -> None:
        """What BatchDeleteImage was asked for."""
        found = json.loads(body)["imageIds"]
        self._gone |= {one["imageDigest"] for one in found if "imageDigest" in one}

    def lose(self, digest: str) -> None:
        """It is there when it is asked for next, and never again: what no preflight can know."""
        self._going.add(digest)

    def answer(self, path: str) -> Answer | None:
        """None where the registry itself answers."""
        found = _MANIFEST.match(path)
        if found is None:
            return None
        if found[1] in self._gone:
            return 404, [("Content-Type", "application/json")], _UNKNOWN
        if found[1] in self._going:
            self._gone.add(found[1])
        return None


def in_words_of_ecs(data: bytes) -> bytes:
    """What DescribeTasks answers."""
    return data.replace(_PULL, b"CannotPullContainerError:")
