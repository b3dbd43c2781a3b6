"""MyCandidate shows who stands for election in a ward."""

import os
from collections.abc import Callable
from datetime import date

from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix

from main import (
    api,
    database,
    election_day,
    errors,
    health,
    importer,
    languages,
    logs,
    metrics,
    models,
    pages,
    request_id,
    security_headers,
)
from main.extensions import cache, compress, limiter
from main.settings import Settings

__all__ = ["create_app", "models"]


# Small answers would hardly get smaller.
_MIN_COMPRESSED_BYTES = 500


def create_app(
    settings: Settings | None = None,
    *,
    today: Callable[[], date] = election_day.south_african_date,
) -> Flask:
    """Create the application. Without `settings`, they are read from the environment.

    today: says which day it is; elections are over or still to come accordingly.
    """
    settings = settings or Settings.from_environment(os.environ)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        RELEASE=settings.release,
        APP_ENV=settings.app_env,
        API_RATE_LIMIT=settings.api_rate_limit,
        MAX_CONTENT_LENGTH=64 * 1024,
        COMPRESS_ALGORITHM=["br", "zstd", "gzip"],
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "application/json",
            "application/problem+json",
            "image/svg+xml",
        ],
        COMPRESS_MIN_SIZE=_MIN_COMPRESSED_BYTES,
    )
    election_day.init_app(app, today)
    compress.init_app(app)
    logs.configure_logging(settings)
    database.init_app(app, settings)
    _init_cache_and_rate_limit(app, settings)
    request_id.init_app(app)
    security_headers.init_app(app)
    languages.init_app(app)
    logs.init_app(app)
    errors.init_app(app)
    metrics.init_app(app, settings)
    app.register_blueprint(pages.bp)
    app.register_blueprint(api.bp, url_prefix="/api/v1")
    app.register_blueprint(health.bp)
    app.cli.add_command(importer.import_candidates)
    if hops := settings.trusted_proxies:
        # Flask documents this way to apply a middleware, although it replaces a method.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    return app


def _init_cache_and_rate_limit(app: Flask, settings: Settings) -> None:
    """Keep the cache and the rate limit in Redis if the settings have a URL, else in memory.

    An outage of Redis must not take pages down: the rate limit then falls back to memory, and the
    cache counts as empty.
    """
    timeouts = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
    if settings.redis_url:
        app.config.update(
            CACHE_TYPE="main.redis_cache.create_redis_cache",
            CACHE_REDIS_URL=settings.redis_url,
            CACHE_KEY_PREFIX="mycandidate:",
            CACHE_OPTIONS=timeouts,
            RATELIMIT_STORAGE_OPTIONS=timeouts,
        )
    else:
        app.config.update(CACHE_TYPE="SimpleCache", CACHE_THRESHOLD=1000)
    app.config.update(
        RATELIMIT_STORAGE_URI=settings.redis_url or "memory://",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=bool(settings.redis_url),
        RATELIMIT_SWALLOW_ERRORS=True,
        RATELIMIT_HEADERS_ENABLED=True,
    )
    cache.init_app(app)
    # Registered before the limiter's own hook, and therefore run after it.
    app.after_request(_remove_needless_retry_after)
    limiter.init_app(app)


def _remove_needless_retry_after(response: Response) -> Response:
    """Remove Retry-After from successful responses: the limiter adds it to every response."""
    if response.status_code < 400:
        response.headers.pop("Retry-After", None)
    return response
