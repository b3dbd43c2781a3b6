"""MyCandidate: who stands for election in your ward?"""

import os

from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix

from main import (
    api,
    database,
    errors,
    health,
    importer,
    logs,
    metrics,
    models,
    pages,
    request_id,
    security,
)
from main.extensions import cache, limiter
from main.settings import Settings

__all__ = ["create_app", "models"]


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Without `settings` they are read from the environment."""
    settings = settings or Settings.from_environment(os.environ)
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        RELEASE=settings.release,
        APP_ENV=settings.app_env,
        API_RATE_LIMIT=settings.api_rate_limit,
        MAX_CONTENT_LENGTH=64 * 1024,
    )
    logs.configure(app, settings)
    database.configure(app, settings)
    _configure_redis(app, settings)
    for part in (request_id, security, logs, errors):
        part.register(app)
    metrics.register(app, settings)
    app.register_blueprint(pages.bp)
    app.register_blueprint(api.bp, url_prefix="/api/v1")
    app.register_blueprint(health.bp)
    app.cli.add_command(importer.import_candidates)
    if hops := settings.trusted_proxies:
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        # Replacing the method is how Flask's documentation applies it.
        app.wsgi_app = proxied  # type: ignore[method-assign]
    return app


def _configure_redis(app: Flask, settings: Settings) -> None:
    """Cache and rate limit: in Redis where there is one, else in this process.

    A dead Redis must not take pages down: the limiter falls back to memory, and a cache
    that raises counts as empty.
    """
    timeouts = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5}
    if settings.redis_url:
        app.config.update(
            CACHE_TYPE="main.forgiving_cache.forgiving_redis",
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
    app.after_request(_wait_only_when_refused)  # before the limiter's own, and so run after it
    limiter.init_app(app)


def _wait_only_when_refused(response: Response) -> Response:
    """The limiter says Retry-After on every answer: clients would wait for what they have got."""
    if response.status_code < 400:
        response.headers.pop("Retry-After", None)
    return response
