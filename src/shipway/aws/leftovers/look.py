"""Looks at every kind of leftovers, and removes what somebody agreed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shipway.aws.leftovers.definitions import Definitions
from shipway.aws.leftovers.images import Images
from shipway.aws.leftovers.log_groups import LogGroups
from shipway.aws.leftovers.premises import Kind, Premises
from shipway.aws.leftovers.snapshots import Snapshots
from shipway.aws.leftovers.unattached import Addresses, TargetGroups, Volumes
from shipway.core.errors import ShipwayError
from shipway.core.leftovers import Leftover, Needed
from shipway.effects.aws_errors import in_words


@dataclass(frozen=True)
class Looked:
    """found: what can go. unseen: kind → why it could not be looked at."""

    found: tuple[Leftover, ...]
    unseen: dict[str, str]


def kinds(premises: Premises, needed: Needed | None) -> tuple[Kind, ...]:
    """Those that can be looked at. needed: None where it is not known what has to stay."""
    others: tuple[Kind, ...] = (
        LogGroups(premises), Snapshots(premises), Addresses(premises), Volumes(premises),
        TargetGroups(premises),
    )  # fmt: skip
    if needed is None:
        return others
    return (Images(premises, needed), Definitions(premises, needed), *others)


def look(looked_at: Sequence[Kind]) -> Looked:
    """Find everything that can go; what AWS refuses to show is named."""
    found: list[Leftover] = []
    unseen: dict[str, str] = {}
    for kind in looked_at:
        try:
            with in_words():
                found += kind.find()
        except ShipwayError as problem:
            unseen[kind.name] = problem.message
    return Looked(tuple(found), unseen)


def remove(
    looked_at: Sequence[Kind], shown: Sequence[Leftover]
) -> tuple[list[Leftover], list[str]]:
    """Remove what was shown and can still go: what has gone, and why something has not."""
    agreed = {one.key for one in shown}
    gone: list[Leftover] = []
    problems: list[str] = []
    by_name = {kind.name: kind for kind in looked_at}
    for one in look(looked_at).found:
        if one.key not in agreed:
            continue
        try:
            with in_words():
                if by_name[one.kind].remove(one):
                    gone.append(one)
        except ShipwayError as problem:
            problems.append(problem.message)
    return gone, problems
