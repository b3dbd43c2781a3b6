"""What an application left in AWS and nothing needs any more, and what has to stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shipway.core.outcome import Verdict

GRACE = 7 * 86_400.0  # seconds: what is younger may be about to be used
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ENDED = (Verdict.PASSED, Verdict.FAILED, Verdict.ROLLED_BACK)


@dataclass(frozen=True)
class Leftover:
    """One thing that can go.

    id: what AWS calls it. why: why nothing needs it. done: what is done to it. price: the name of
    what it costs (core/cost/prices.py), "" for nothing; quantity: units of that, a month.
    """

    kind: str
    id: str
    why: str
    done: str = "removed"
    price: str = ""
    quantity: float = 0.0

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is and what is to be done, however its reason is put."""
        return self.kind, self.id, self.done


@dataclass(frozen=True)
class Needed:
    """What runs, and what a rollback may go back to.

    images: digests. tags: of images that are named by no digest. definitions: ARNs of task
    definitions.
    """

    images: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    definitions: frozenset[str] = frozenset()

    def __or__(self, other: Needed) -> Needed:
        return Needed(
            self.images | other.images, self.tags | other.tags,
            self.definitions | other.definitions,
        )  # fmt: skip


def rollback_targets(rollouts: Sequence[Mapping[str, Any]], good: int) -> Needed:
    """Of one environment. rollouts: newest first. good: how many different releases are kept.

    A rollout that has not ended needs everything that it names, and so does the newest one.
    """
    kept: dict[str, list[Mapping[str, Any]]] = {}
    open_ones = list(rollouts[:1])
    for one in rollouts:
        digest, verdict = str(one.get("digest")), one.get("verdict")
        if verdict == Verdict.PASSED and (digest in kept or len(kept) < good):
            kept.setdefault(digest, []).append(one)
        elif verdict not in _ENDED:
            open_ones.append(one)
    return named([*open_ones, *(one for some in kept.values() for one in some)])


def named(data: Iterable[Mapping[str, Any]]) -> Needed:
    """Every image by digest and every task definition that data name anywhere."""
    text = json.dumps(list(data), default=str)
    found = re.findall(r"arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task-definition/[\w-]+:\d+", text)
    return Needed(images=frozenset(_DIGEST.findall(text)), definitions=frozenset(found))


def of_image(reference: str) -> Needed:
    """What a container's image names: `…@sha256:…`, else a tag."""
    digests = _DIGEST.findall(reference)
    tag = reference.rpartition("/")[2].partition(":")[2]
    return Needed(images=frozenset(digests), tags=frozenset({tag} if tag and not digests else ()))
