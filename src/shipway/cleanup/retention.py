"""Which releases are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shipway.codec import JsonObject
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.report import UNFINISHED

_FINAL_VERDICTS = (Verdict.PASSED, Verdict.FAILED, Verdict.ROLLED_BACK)


def kept_releases(
    recorded: Iterable[JsonObject],
    environments: Iterable[tuple[object, Sequence[JsonObject]]],
    good: int,
) -> set[str]:
    """The digests of the releases that stay: what runs, what is on its way, the last good ones.

    recorded: releases, with `digest` and `name`. environments: what is known to run in each, and
    its rollouts, newest first. good: how many different good releases each environment keeps.
    """
    releases = {str(release["digest"]): str(release["name"]) for release in recorded}
    names: set[str] = set()
    for state, rollouts in environments:
        names.update(referenced_releases(state, releases))
        for rollout in rollouts:
            if _open(rollout, newest=rollout is rollouts[0]):
                names.update(referenced_releases(rollout, releases))
        names.update(_last_good(rollouts, releases)[:good])
    return names


def referenced_releases(data: object, releases: Mapping[str, str]) -> set[str]:
    """The digests of the releases that data name anywhere, by digest or by name.

    releases: digest → name. The start of a digest is enough: the proxy has no more of it.
    """
    text = json.dumps(data, ensure_ascii=False, default=str)
    return {digest for digest, name in releases.items() if digest[:12] in text or name in text}


def _open(rollout: JsonObject, *, newest: bool) -> bool:
    """Whether somebody may go on with it."""
    verdict = rollout.get("verdict", UNFINISHED)
    return verdict == UNFINISHED or (newest and verdict not in _FINAL_VERDICTS)


def _last_good(rollouts: Iterable[JsonObject], releases: Mapping[str, str]) -> list[str]:
    """Newest first, each once."""
    passed = (
        rollout.get("digest") for rollout in rollouts if rollout.get("verdict") == Verdict.PASSED
    )
    return [str(digest) for digest in dict.fromkeys(passed) if digest in releases]


# What an application left in AWS and nothing needs any more, and what has to stay.

GRACE = 7 * 86_400.0  # seconds: what is younger may be about to be used
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ENDED_ROLLOUTS = (Verdict.PASSED, Verdict.FAILED, Verdict.ROLLED_BACK)


@dataclass(frozen=True)
class Orphan:
    """One thing that can go.

    id: what AWS calls it. why: why nothing needs it. done: what is done to it. price: the name of
    what it costs (cost/prices.py), "" for nothing; quantity: units of that, a month.
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
class ResourcesInUse:
    """What runs, and what a rollback may go back to.

    images: digests. tags: of images that are named by no digest. definitions: ARNs of task
    definitions.
    """

    images: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    definitions: frozenset[str] = frozenset()

    def __or__(self, other: ResourcesInUse) -> ResourcesInUse:
        return ResourcesInUse(
            self.images | other.images,
            self.tags | other.tags,
            self.definitions | other.definitions,
        )


def rollback_targets(rollouts: Sequence[JsonObject], good: int) -> ResourcesInUse:
    """Of one environment. rollouts: newest first. good: how many different releases are kept.

    A rollout that has not ended needs everything that it names, and so does the newest one.
    """
    by_digest: dict[str, list[JsonObject]] = {}
    open_ones = list(rollouts[:1])
    for rollout in rollouts:
        digest, verdict = str(rollout.get("digest")), rollout.get("verdict")
        if verdict == Verdict.PASSED and (digest in by_digest or len(by_digest) < good):
            by_digest.setdefault(digest, []).append(rollout)
        elif verdict not in _ENDED_ROLLOUTS:
            open_ones.append(rollout)
    return referenced_resources(
        [*open_ones, *(rollout for some in by_digest.values() for rollout in some)]
    )


def referenced_resources(data: Iterable[JsonObject]) -> ResourcesInUse:
    """Every image by digest and every task definition that data name anywhere."""
    text = json.dumps(list(data), default=str)
    arns = re.findall(r"arn:aws[\w-]*:ecs:[\w-]+:\d{12}:task-definition/[\w-]+:\d+", text)
    return ResourcesInUse(images=frozenset(_DIGEST.findall(text)), definitions=frozenset(arns))


def image_digest(reference: str) -> ResourcesInUse:
    """What a container's image names: `…@sha256:…`, else a tag."""
    digests = _DIGEST.findall(reference)
    tag = reference.rpartition("/")[2].partition(":")[2]
    return ResourcesInUse(
        images=frozenset(digests), tags=frozenset({tag} if tag and not digests else ())
    )
