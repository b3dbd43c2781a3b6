"""Which releases are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shipway.core.outcome import Verdict

_ENDED = (Verdict.PASSED, Verdict.FAILED, Verdict.ROLLED_BACK)
_UNFINISHED = "unfinished"


def kept_releases(
    known: Iterable[Mapping[str, Any]],
    environments: Iterable[tuple[Mapping[str, Any] | None, Sequence[Mapping[str, Any]]]],
    good: int,
) -> set[str]:
    """The digests of the releases that stay: what runs, what is on its way, the last good ones.

    known: releases, with `digest` and `name`. environments: what is known to run in each, and its
    rollouts, newest first. good: how many different good releases each environment keeps.
    """
    releases = {str(one["digest"]): str(one["name"]) for one in known}
    kept: set[str] = set()
    for state, rollouts in environments:
        kept.update(named(state, releases))
        for one in rollouts:
            if _open(one, newest=one is rollouts[0]):
                kept.update(named(one, releases))
        kept.update(_last_good(rollouts, releases)[:good])
    return kept


def named(data: Mapping[str, Any] | None, releases: Mapping[str, str]) -> set[str]:
    """The digests of the releases that data name anywhere, by digest or by name.

    releases: digest → name. The start of a digest is enough: the proxy has no more of it.
    """
    text = json.dumps(data, ensure_ascii=False, default=str)
    return {digest for digest, name in releases.items() if digest[:12] in text or name in text}


def _open(rollout: Mapping[str, Any], *, newest: bool) -> bool:
    """Whether somebody may go on with it."""
    verdict = rollout.get("verdict", _UNFINISHED)
    return verdict == _UNFINISHED or (newest and verdict not in _ENDED)


def _last_good(rollouts: Iterable[Mapping[str, Any]], releases: Mapping[str, str]) -> list[str]:
    """Newest first, each once."""
    passed = (one.get("digest") for one in rollouts if one.get("verdict") == Verdict.PASSED)
    return [str(one) for one in dict.fromkeys(passed) if one in releases]
