"""ECR's lifecycle policies for tests: which images a policy takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from shipway.images.repository import LifecyclePolicy, LifecycleRule

_DAY = 86_400.0


@dataclass
class FakeImage:
    """pushed: seconds since the epoch, of the push that brought it; a new tag changes nothing."""

    digest: str
    pushed: float
    tags: set[str] = field(default_factory=set)


def expired(policy: LifecyclePolicy, images: Iterable[FakeImage], now: float) -> set[str]:
    """The digests of images that the policy takes."""
    images = sorted(images, key=lambda image: image.pushed, reverse=True)
    claimed: set[str] = set()
    gone: set[str] = set()
    for rule in sorted(policy["rules"], key=lambda row: row["rulePriority"]):
        matching = [image for image in images if _matches(rule, image)]
        for number, image in enumerate(matching):
            if image.digest not in claimed and _beyond(rule, image, number, now):
                gone.add(image.digest)
        # rule ecr-lifecycle-priority: DOC Amazon ECR user guide, "Lifecycle policy evaluation
        # rules": an image that matches the tags of a rule is not taken by one of lower priority
        claimed |= {image.digest for image in matching}
    return gone


def _matches(rule: LifecycleRule, image: FakeImage) -> bool:
    selection = rule["selection"]
    if selection["tagStatus"] == "untagged":
        return not image.tags
    return all(
        any(fnmatchcase(tag, pattern) for tag in image.tags)
        for pattern in selection.get("tagPatternList", ["*"])
    )


def _beyond(rule: LifecycleRule, image: FakeImage, number: int, now: float) -> bool:
    selection = rule["selection"]
    # rule ecr-lifecycle-age: DOC same page; LIVE aws/containers-roadmap#2746: an image is as old as
    # its push, whatever tags it got since
    if selection["countType"] == "sinceImagePushed":
        return now - image.pushed > selection["countNumber"] * _DAY
    return number >= selection["countNumber"]
