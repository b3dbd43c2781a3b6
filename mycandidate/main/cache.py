"""Caches the results of queries for a minute, so that a popular ward costs one look-up a minute."""

from collections.abc import Callable
from typing import TypeVar, cast

from main.extensions import cache

TIMEOUT_SECONDS = 60
# Two releases can share one Redis. Increase this number whenever a cached class is renamed, moved
# or gets other fields, so that neither release reads what the other has written.
SCHEMA_VERSION = 2

Value = TypeVar("Value")


def get_or_load(key: str, load: Callable[[], Value | None]) -> Value | None:
    """The cached value of `key`; if there is none, the result of `load`, which is then cached.

    None is not cached: otherwise anybody could fill the cache with wards that do not exist.
    """
    versioned_key = f"v{SCHEMA_VERSION}:{key}"
    cached = cache.get(versioned_key)
    if cached is not None:
        return cast(Value, cached)
    value = load()
    if value is not None:
        cache.set(versioned_key, value, timeout=TIMEOUT_SECONDS)
    return value
