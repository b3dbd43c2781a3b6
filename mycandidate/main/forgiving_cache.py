"""A Redis cache without which everything still works, only slower."""

import logging
from typing import Any

from cachelib.redis import RedisCache
from flask import Flask
from flask_caching.backends.rediscache import RedisCache as FlaskRedisCache
from redis.exceptions import RedisError

_log = logging.getLogger("main.cache")


class ForgivingRedis(FlaskRedisCache):
    """Redis; when it cannot be reached, nothing is remembered and the log says so."""

    def get(self, key: str) -> Any:
        """The value, or None."""
        try:
            return super().get(key)
        except RedisError as error:
            _log.error("cache unreachable: %s", type(error).__name__)
            return None

    def set(self, key: str, value: Any, timeout: Any = None) -> Any:
        """Remember, if possible."""
        try:
            return super().set(key, value, timeout)
        except RedisError as error:
            _log.error("cache unreachable: %s", type(error).__name__)
            return None


def forgiving_redis(
    app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]
) -> RedisCache:
    """What Flask-Caching calls to make the cache."""
    return ForgivingRedis.factory(app, config, args, kwargs)
