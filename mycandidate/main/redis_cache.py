"""A cache backend in Redis that tolerates outages: without Redis pages are slower, not broken."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from cachelib.redis import RedisCache
from flask import Flask
from flask_caching.backends.rediscache import RedisCache as FlaskRedisCache
from redis.exceptions import RedisError

_log = logging.getLogger("main.cache")

Result = TypeVar("Result")


class FaultTolerantRedisCache(FlaskRedisCache):
    """Redis; while it is unreachable, the cache is empty and the log says so.

    After an error Redis is not called for `pause` seconds. Otherwise a Redis that hangs would delay
    every page by its time-out, twice.
    """

    pause = 5.0
    _retry_at = 0.0

    def get(self, key: str) -> Any:
        """The cached value, or None."""
        return self._call(partial(super().get, key))

    def set(self, key: str, value: Any, timeout: Any = None) -> Any:
        """Cache the value if Redis is reachable."""
        return self._call(partial(super().set, key, value, timeout))

    def clear(self) -> bool:
        """Delete all values if Redis is reachable; otherwise they expire."""
        return bool(self._call(super().clear))

    def _call(self, operation: Callable[[], Result]) -> Result | None:
        if time.monotonic() < self._retry_at:
            return None
        try:
            return operation()
        except RedisError as error:
            self._retry_at = time.monotonic() + self.pause
            _log.error(
                "cache unreachable: %s; not asked for %s s", type(error).__name__, self.pause
            )
            return None


def create_redis_cache(
    app: Flask, config: dict[str, object], args: list[object], kwargs: dict[str, object]
) -> RedisCache:
    """The factory that Flask-Caching calls, with this signature, for CACHE_TYPE."""
    return FaultTolerantRedisCache.factory(app, config, args, kwargs)
