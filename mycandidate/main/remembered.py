"""Answers that may be a minute old, so that a popular ward costs one look-up a minute."""

from collections.abc import Callable
from typing import TypeVar, cast

from main.extensions import cache

SECONDS = 60
# Two releases may share one Redis: raise this number whenever a remembered class changes its
# fields, so that neither release reads what the other one wrote.
SHAPE = 1

Answer = TypeVar("Answer")


def remembered(key: str, find: Callable[[], Answer | None]) -> Answer | None:
    """The remembered answer under `key`, or what `find` says; "nothing" is not remembered.

    Remembering misses would let anybody fill the cache by asking for wards that do not exist.
    """
    full_key = f"shape{SHAPE}:{key}"
    known = cache.get(full_key)
    if known is not None:
        return cast(Answer, known)
    answer = find()
    if answer is not None:
        cache.set(full_key, answer, timeout=SECONDS)
    return answer
