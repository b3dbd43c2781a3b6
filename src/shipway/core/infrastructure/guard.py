"""What must not happen by mistake, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from shipway.core.infrastructure.change import Change, Kind
from shipway.core.infrastructure.kinds import DATA, RULE
from shipway.core.infrastructure.wording import sentence

_GOES = (Kind.REPLACED, Kind.DELETED)


def losses(changes: Sequence[Change]) -> list[str]:
    """What data would go, in sentences; somebody has to say that it may.

    A database that CloudFormation might replace counts: it says so only while it works.
    """
    return [
        sentence(one) for one in changes
        if one.type in DATA and (one.kind in _GOES or one.maybe)
    ]  # fmt: skip


def misroutings(changes: Sequence[Change], *, at_rest: bool) -> list[str]:
    """The listener rules that would be written again while their weights are not the template's.

    at_rest: they are, so that writing them again moves nobody. A tag that changes counts: the
    rule is written as a whole.
    """
    if at_rest:
        return []
    return [one.name for one in changes if one.type == RULE and one.kind is not Kind.CREATED]
