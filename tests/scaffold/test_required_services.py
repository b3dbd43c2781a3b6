"""Services and addresses, by the packages that an application wants."""

from __future__ import annotations

import pytest

from shipway.scaffold.survey import database_url, required_services


def test_drivers_tell_the_services() -> None:
    assert required_services({"psycopg2-binary", "django-redis"}) == ("postgres", "redis")
    assert required_services({"rq"}) == ("redis",)
    assert required_services({"flask"}) == ()


@pytest.mark.parametrize(
    ("names", "start"),
    [
        ({"sqlalchemy", "psycopg2"}, "{url}"),
        ({"sqlalchemy", "psycopg"}, "postgresql+psycopg:"),
        ({"sqlmodel", "asyncpg"}, "postgresql+asyncpg:"),
        ({"psycopg"}, "{url}"),
        ({"sqlalchemy", "pg8000"}, "postgresql+pg8000:"),
        ({"sqlalchemy"}, "{url}"),
    ],
)
def test_sqlalchemy_is_told_the_driver(names: set[str], start: str) -> None:
    assert database_url(names).startswith(start)
