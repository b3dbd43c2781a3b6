"""A Redis cache without which everything still works, only slower."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from cachelib.redis import RedisCache
from flask import Flask
from flask_caching.backends.rediscache import RedisCache as FlaskRedisCache
from redis.exceptions import RedisError

_log = logging.getLogger("main.cache")


class ForgivingRedis(FlaskRedisCache):
    """Redis; when it cannot be reached, nothing is remembered and the log says so.

    It is then left alone for a while: one that hangs would cost every page its time-out, twice.
    """

    pause = 5.0
    _ask_again_at = 0.0

    def get(self, key: str) -> Any:
        """The value, or None."""
        return self._forgiven(partial(super().get, key))

    def set(self, key: str, value: Any, timeout: Any = None) -> Any:
        """Remember, if possible."""
        return self._forgiven(partial(super().set, key, value, timeout))

    def clear(self) -> bool:
        """Forget, if possible; what stays is forgotten when its time is over."""
        return bool(self._forgiven(super().clear))

    def _forgiven(self, ask: Callable[[], Any]) -> Any:
        if time.monotonic() < self._ask_again_at:
            return None
        try:
            return ask()
        except RedisError as error:
            self._ask_again_at = time.monotonic() + self.pause
            _log.error(
                "cache unreachable: %s; not asked for %s s", type(error).__name__, self.pause
            )
            return None


def forgiving_redis(
    app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]
) -> RedisCache:
    """What Flask-Caching calls to make the cache."""
    return ForgivingRedis.factory(app, config, args, kwargs)
