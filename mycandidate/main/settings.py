"""What the surroundings decide, read once from environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass

ENVIRONMENTS = ("development", "test", "local", "staging", "production")
# Only where nobody else can reach the application.
_DEVELOPMENT_KEY = "for development and tests only"


class BadSetting(ValueError):
    """A variable is missing or has a value that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Settings:
    """The application's settings.

    database_url: empty for a SQLite file in the instance folder. redis_url: empty for none.
    api_rate_limit: as Flask-Limiter writes limits, or "off". trusted_proxies: how many
    proxies in front may say who the client is. metrics_namespace: CloudWatch's, for measurements
    in the log; empty for none.
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
        """Read the variables. Raises BadSetting."""
        app_env = variables.get("APP_ENV", "development")
        if app_env not in ENVIRONMENTS:
            raise BadSetting(f"APP_ENV is {app_env!r}; it must be one of {', '.join(ENVIRONMENTS)}")
        secret_key = variables.get("SECRET_KEY", "")
        if not secret_key and app_env not in ("development", "test"):
            raise BadSetting(f"SECRET_KEY must be set where APP_ENV is {app_env}")
        return cls(
            app_env=app_env,
            secret_key=secret_key or _DEVELOPMENT_KEY,
            database_url=_database_url(variables.get("DATABASE_URL", "")),
            redis_url=variables.get("REDIS_URL", ""),
            api_rate_limit=variables.get("API_RATE_LIMIT") or "120 per minute",
            trusted_proxies=_number(variables, "TRUSTED_PROXIES"),
            release=variables.get("RELEASE") or "dev",
            log_level=variables.get("LOG_LEVEL", "INFO").upper(),
            metrics_namespace=variables.get("METRICS_NAMESPACE", ""),
        )


def _database_url(url: str) -> str:
    """Hosts hand out postgres:// and postgresql://; SQLAlchemy wants the driver's name."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _number(variables: Mapping[str, str], name: str) -> int:
    text = variables.get(name, "0")
    if not text.isdecimal():
        raise BadSetting(f"{name} is {text!r}; it must be a whole number")
    return int(text)
