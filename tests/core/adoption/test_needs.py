"""Services and addresses, by the packages that an application wants."""

from __future__ import annotations

import pytest

from shipway.core.adoption.needs import database_url, services


def test_drivers_tell_the_services() -> None:
    assert services({"psycopg2-binary", "django-redis"}) == ("postgres", "redis")
    assert services({"rq"}) == ("redis",)
    assert services({"flask"}) == ()


@pytest.mark.parametrize(
    ("names", "start"),
    [
        ({"sqlalchemy", "psycopg2"}, "{url}"), ({"sqlalchemy", "psycopg"}, "postgresql+psycopg:"),
        ({"sqlmodel", "asyncpg"}, "postgresql+asyncpg:"), ({"psycopg"}, "{url}"),
        ({"sqlalchemy", "pg8000"}, "postgresql+pg8000:"), ({"sqlalchemy"}, "{url}"),
    ],
)  # fmt: skip
def test_sqlalchemy_is_told_the_driver(names: set[str], start: str) -> None:
    assert database_url(names).startswith(start)
