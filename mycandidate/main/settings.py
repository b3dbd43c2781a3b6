"""The settings of the application, from environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass

ENVIRONMENTS = ("development", "test", "local", "staging", "production")
# For environments that nobody else can reach.
_DEVELOPMENT_KEY = "for development and tests only"


class InvalidSetting(ValueError):
    """A variable that is missing or invalid. The message says which values are valid."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of the application.

    database_url: empty for an SQLite file in the instance folder.
    redis_url: empty for a cache and a rate limit in memory.
    api_rate_limit: in the syntax of Flask-Limiter, or "off".
    trusted_proxies: the number of proxies whose X-Forwarded headers are trusted.
    metrics_namespace: the CloudWatch namespace for metrics; empty for no metrics.
    """

    app_env: str = "development"
    secret_key: str = _DEVELOPMENT_KEY
    database_url: str = ""
    redis_url: str = ""
    api_rate_limit: str = "120 per minute"
    trusted_proxies: int = 0
    release: str = "dev"
    log_level: str = "INFO"
    metrics_namespace: str = ""

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> "Settings":
        """Read the variables. Raises InvalidSetting."""
        app_env = variables.get("APP_ENV", "development")
        if app_env not in ENVIRONMENTS:
            raise InvalidSetting(
                f"APP_ENV is {app_env!r}; it must be one of {', '.join(ENVIRONMENTS)}"
            )
        secret_key = variables.get("SECRET_KEY", "")
        if not secret_key and app_env not in ("development", "test"):
            raise InvalidSetting(f"SECRET_KEY must be set where APP_ENV is {app_env}")
        return cls(
            app_env=app_env,
            secret_key=secret_key or _DEVELOPMENT_KEY,
            database_url=_database_url(variables.get("DATABASE_URL", "")),
            redis_url=variables.get("REDIS_URL", ""),
            api_rate_limit=variables.get("API_RATE_LIMIT") or "120 per minute",
            trusted_proxies=_integer(variables, "TRUSTED_PROXIES"),
            release=variables.get("RELEASE") or "dev",
            log_level=variables.get("LOG_LEVEL", "INFO").upper(),
            metrics_namespace=variables.get("METRICS_NAMESPACE", ""),
        )


def _database_url(url: str) -> str:
    """Add the driver, which SQLAlchemy needs and the URLs of hosting providers lack."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _integer(variables: Mapping[str, str], name: str) -> int:
    value = variables.get(name, "0")
    if not value.isdecimal():
        raise InvalidSetting(f"{name} is {value!r}; it must be a whole number")
    return int(value)
