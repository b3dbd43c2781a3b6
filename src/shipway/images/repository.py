"""The image repository's rules: which tags may move, and which images stay.

Sources: ECR's API reference (CreateRepository, ImageTagMutabilityExclusionFilter); its user guide,
"Lifecycle policy properties".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NotRequired, TypedDict

from shipway.config.schema import Config
from shipway.errors import ConfigError

_LISTS = "sha256-*"  # where referrers are listed by tag (images/referrers.py)
_PATTERNS = 5  # ECR's limit (CreateRepository)
_UNTAGGED_DAYS = 14
_MANY = 9999  # images: a rule that keeps, and never takes


def moving_tags(config: Config) -> tuple[str, ...]:
    """The tags that move, sorted: those of the environments that are not this machine."""
    return tuple(
        sorted(
            name
            for name, environment in config.environments.items()
            if environment.platform != "local"
        )
    )


def tag_patterns(tags: Iterable[str]) -> tuple[str, ...]:
    """What is excluded from immutability: these tags, and referrers' lists, at the end.

    Raises ConfigError where these are more than ECR knows.
    """
    mutable_tags = (*tags, _LISTS)
    if len(mutable_tags) > _PATTERNS:
        raise ConfigError(
            f"ECR knows five tags that may move, and {len(mutable_tags)} are wanted: "
            f"{', '.join(mutable_tags)}",
            "Make the repository yourself, or have fewer environments in this configuration.",
        )
    return mutable_tags


class LifecycleSelection(TypedDict):
    """Which images a rule is about (Amazon ECR, "Lifecycle policy parameters")."""

    tagStatus: str
    tagPatternList: NotRequired[list[str]]
    countType: str
    countUnit: NotRequired[str]
    countNumber: int


class LifecycleRule(TypedDict):
    """One rule; the lowest priority is looked at first."""

    rulePriority: int
    description: str
    selection: LifecycleSelection
    action: dict[str, str]


class LifecyclePolicy(TypedDict):
    """A repository's policy."""

    rules: list[LifecycleRule]


def lifecycle_policy(tags: Iterable[str], kept: int) -> LifecyclePolicy:
    """The lifecycle policy: an image that an environment's tag names stays, however old.

    A rule of higher priority keeps what it matches from all rules behind it.
    """
    rules: list[LifecycleRule] = [
        {
            "rulePriority": number,
            "description": f"what {tag} names stays",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": [tag],
                "countType": "imageCountMoreThan",
                "countNumber": _MANY,
            },
            "action": {"type": "expire"},
        }
        for number, tag in enumerate(tags, 1)
    ]
    first = len(rules) + 1
    rules += [
        {
            "rulePriority": first,
            "description": "untagged images go",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": _UNTAGGED_DAYS,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": first + 1,
            "description": f"the last {kept} images stay",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["*"],
                "countType": "imageCountMoreThan",
                "countNumber": kept,
            },
            "action": {"type": "expire"},
        },
    ]
    return {"rules": rules}


def images_kept_by(policy: str) -> int:
    """How many images stay, of a policy that `lifecycle` made, as JSON."""
    return int(json.loads(policy)["rules"][-1]["selection"]["countNumber"])
