"""Services and addresses, by what an application requires, reads and starts elsewhere."""

from __future__ import annotations

import pytest
from tests.fakes.sources import MemorySources

from shipway.scaffold.environment_variables import find_environment_variables, variable_examples
from shipway.scaffold.required_services import (
    RequiredService,
    RequiredServices,
    database_url,
    find_required_services,
)


def required(names: str, source: str = "", **files: str) -> RequiredServices:
    """Of an application that requires packages by `names` and has one module."""
    texts = [("shop/settings.py", source)]
    sources = MemorySources({name.replace("__", "."): body for name, body in files.items()})
    variables = find_environment_variables(texts, variable_examples(sources))
    return find_required_services(names.split(), variables, texts, sources, "shop")


def only(found: RequiredServices) -> RequiredService:
    [service] = found.needed
    return service


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        ("psycopg2-binary django-redis", ["postgres", "redis"]),
        ("rq", ["redis"]),
        ("mysqlclient", ["mysql"]),
        ("beanie", ["mongodb"]),
        ("aio-pika pymemcache", ["rabbitmq", "memcached"]),
        ("elasticsearch opensearch-py", ["elasticsearch", "opensearch"]),
        ("boto3", []),
        ("flask", []),
    ],
)
def test_drivers_tell_the_services(names: str, kinds: list[str]) -> None:
    assert [service.kind for service in required(names).needed] == kinds


@pytest.mark.parametrize(
    ("names", "start"),
    [
        ({"sqlalchemy", "psycopg2"}, "{url}"),
        ({"sqlalchemy", "psycopg"}, "postgresql+psycopg:"),
        ({"sqlmodel", "asyncpg"}, "postgresql+asyncpg:"),
        ({"psycopg"}, "{url}"),
        ({"sqlalchemy", "pg8000"}, "postgresql+pg8000:"),
        ({"sqlalchemy"}, "{url}"),
        ({"tortoise-orm", "asyncpg"}, "postgres://"),
    ],
)
def test_sqlalchemy_is_told_the_driver(names: set[str], start: str) -> None:
    assert database_url("postgres", names).startswith(start)


@pytest.mark.parametrize(
    ("names", "start"),
    [
        ("sqlalchemy pymysql", "mysql+pymysql:"),
        ("sqlalchemy mysqlclient", "{url}"),
        ("pymysql", "{url}"),
    ],
)
def test_so_it_is_of_mysql(names: str, start: str) -> None:
    assert database_url("mysql", names.split()).startswith(start)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg", "postgis"])
def test_the_address_has_the_scheme_of_the_applications_own_default(scheme: str) -> None:
    source = f"import os\nos.environ.get('DATABASE_URL', '{scheme}://localhost/shop')"
    [(name, template)] = only(required("sqlalchemy psycopg2 asyncpg", source)).env
    filled = template.replace("{url}", "postgresql://")
    assert (name, filled.partition("://")[0]) == ("DATABASE_URL", scheme)


def test_an_example_of_the_repository_says_the_form_and_its_options() -> None:
    source = "import os\nos.environ['DB_URL']"
    example = "DB_URL=mysql+aiomysql://me:pw@db/shop?charset=utf8mb4\n"
    service = only(required("sqlalchemy aiomysql", source, __env__example=example))
    assert dict(service.env)["DB_URL"] == (
        "mysql+aiomysql://{user}:{password}@{host}:{port}/{database}?charset=utf8mb4"
    )


def test_separate_variables_are_each_filled_in() -> None:
    source = "import os\n" + "\n".join(
        f"os.environ['DB_{part}']" for part in ("HOST", "PORT", "NAME", "USER", "PASSWORD")
    )
    assert dict(only(required("django psycopg", source)).env) == {
        "DB_HOST": "{host}",
        "DB_PORT": "{port}",
        "DB_NAME": "{database}",
        "DB_USER": "{user}",
        "DB_PASSWORD": "{password}",
    }


def test_a_type_of_pydantic_says_no_driver() -> None:
    source = "class Settings(BaseSettings):\n    database_url: PostgresDsn\n"
    [(_, template)] = only(required("sqlalchemy asyncpg", source)).env
    assert template.startswith("postgresql+asyncpg://")


SQLITE_BY_DEFAULT = [
    "os.environ.get('DATABASE_URL', 'sqlite:///app.db')",
    "os.environ.get('DATABASE_URL') or f'sqlite:///{base}/app.db'",
    "os.environ.get('DATABASE_URL', '').replace('postgres:', 'postgresql:') or 'sqlite:///' + base",
]


@pytest.mark.parametrize("reading", SQLITE_BY_DEFAULT)
def test_where_sqlite_is_the_default_no_service_is_needed_and_the_file_stays(reading: str) -> None:
    found = required("sqlalchemy psycopg2", f"import os\nurl = {reading}")
    assert found.needed == ()
    assert found.sqlite == (("DATABASE_URL", "sqlite:///{data}/shop.sqlite3"),)
    assert "not postgres" in found.notes[0]


def test_the_driver_of_sqlite_is_kept() -> None:
    source = "import os\nurl = os.getenv('DB_URL', 'sqlite+aiosqlite:///app.db')"
    assert required("sqlalchemy", source).sqlite[0][1].startswith("sqlite+aiosqlite:///{data}/")


def test_djangos_file_is_moved_by_the_variable_that_names_it() -> None:
    source = (
        "import os\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3',\n"
        "  'NAME': os.getenv('DB_NAME', BASE / 'shop.sqlite')}}\n"
        "if os.getenv('DB') == 'postgres':\n    host = os.getenv('DB_HOST', '')\n"
    )
    found = required("django psycopg", source)
    assert (found.needed, found.sqlite) == ((), (("DB_NAME", "{data}/shop.sqlite3"),))


def test_djangos_file_is_moved_where_its_engine_is_a_variable_too() -> None:
    source = (
        "import os\nDATABASES = {'default': {\n"
        "  'ENGINE': os.environ.get('SQL_ENGINE', 'django.db.backends.sqlite3'),\n"
        "  'NAME': os.environ.get('SQL_DATABASE', BASE / 'db.sqlite3')}}\n"
    )
    found = required("django psycopg2-binary", source)
    assert (found.needed, found.sqlite) == ((), (("SQL_DATABASE", "{data}/shop.sqlite3"),))


def test_a_database_that_must_be_named_is_needed_whatever_else_mentions_sqlite() -> None:
    source = "import os\nos.environ['DATABASE_URL']\nTESTS = 'sqlite:///tests.db'"
    assert only(required("sqlalchemy psycopg2", source)).kind == "postgres"


def test_what_may_be_left_out_is_not_started_and_said() -> None:
    found = required("elasticsearch", "import os\nos.environ.get('ELASTICSEARCH_URL')")
    assert found.needed == ()
    assert found.notes == ("elasticsearch: not started, because ELASTICSEARCH_URL may be left out",)


def test_a_default_of_the_port_alone_does_not_make_a_service_needed() -> None:
    source = (
        "import os\nhost = os.getenv('ELASTICSEARCH_HOST', '')\nif host:\n"
        "    port = int(os.getenv('ELASTICSEARCH_PORT', '9200'))\n"
    )
    found = required("elasticsearch", source)
    assert found.needed == ()
    assert found.notes == (
        "elasticsearch: not started, because ELASTICSEARCH_HOST may be left out",
    )
    everywhere = required("elasticsearch", source.replace("HOST', ''", "HOST', 'search'"))
    assert only(everywhere).kind == "elasticsearch"


def test_of_two_drivers_the_one_that_an_address_names_is_needed() -> None:
    source = "import os\nos.environ.get('DATABASE_URL', 'mysql://localhost/shop')"
    assert only(required("psycopg2 mysqlclient", source)).kind == "mysql"


@pytest.mark.parametrize(
    ("image", "version", "kept"),
    [
        ("postgres:15-alpine", "15", ""),
        ("postgres", "17", ""),
        ("postgis/postgis:16-3.4", "16", "postgis/postgis:16-3.4"),
        ("postgres:14@sha256:" + "0" * 64, "14", "postgres:14@sha256:" + "0" * 64),
        ("postgres:${VERSION}", "17", ""),
    ],
)
def test_compose_says_version_and_image(image: str, version: str, kept: str) -> None:
    compose = f'services: {{db: {{image: "{image}"}}}}'
    service = only(required("psycopg2", **{"docker-compose__yml": compose}))
    assert (service.version, service.image) == (version, kept)


@pytest.mark.parametrize(
    "source",
    [
        "OPTIONS = {'sslmode': 'require'}",
        "url += '?sslmode=require'",
        "dj_database_url.config(ssl_require=True)",
    ],
)
def test_tls_is_given_where_the_application_asks_for_it(source: str) -> None:
    assert only(required("psycopg2", source)).tls
    assert not only(required("psycopg2")).tls
