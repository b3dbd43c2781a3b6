"""The services that an application needs, by what it wants installed."""

from __future__ import annotations

from collections.abc import Iterable

_POSTGRES = {"psycopg", "psycopg2", "psycopg2-binary", "psycopg-binary", "asyncpg", "pg8000",
             "aiopg", "psycopg-c"}  # fmt: skip
_REDIS = {"redis", "django-redis", "rq", "django-rq", "flask-redis", "aioredis", "arq",
          "channels-redis", "redis-om", "flask-rq2", "fastapi-limiter"}  # fmt: skip
_SQL = {"sqlalchemy", "flask-sqlalchemy", "sqlmodel", "databases", "flask-migrate", "alembic"}
POSTGRES = "postgres"
REDIS = "redis"


def services(names: Iterable[str]) -> tuple[str, ...]:
    """The services, by the drivers among normalised names of packages."""
    known = set(names)
    found = [POSTGRES] if known & _POSTGRES else []
    return (*found, REDIS) if known & _REDIS else tuple(found)


def database_url(names: Iterable[str]) -> str:
    """The form of a PostgreSQL address that the driver wants, as `[services.postgres] env` has it.

    SQLAlchemy takes psycopg2 for `postgresql://`; any other driver it has to be told
    (docs.sqlalchemy.org, Dialects: PostgreSQL).
    """
    known = set(names)
    if not known & _SQL or known & {"psycopg2", "psycopg2-binary"}:
        return "{url}"
    for driver, packages in (
        ("psycopg", {"psycopg", "psycopg-binary", "psycopg-c"}), ("asyncpg", {"asyncpg"}),
        ("pg8000", {"pg8000"}),
    ):  # fmt: skip
        if known & packages:
            return f"postgresql+{driver}://{{user}}:{{password}}@{{host}}:{{port}}/{{database}}"
    return "{url}"


def speaks_sql(names: Iterable[str]) -> bool:
    """Whether SQLAlchemy is there: then SQLite can stand in for another database."""
    return bool(set(names) & _SQL)
