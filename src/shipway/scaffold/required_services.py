"""The services that an application needs, and by which variables it is told where they are.

Evidence are the drivers among its requirements; which version and which image, what compose starts;
by which variables and in which form of address, what it reads, its defaults and its examples.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from shipway.config.tables import ServiceName
from shipway.pipeline.service_kinds import KINDS
from shipway.scaffold.documents import text
from shipway.scaffold.environment_variables import MADE_UP, EnvironmentVariable
from shipway.scaffold.sources import Sources
from shipway.scaffold.start_commands import compose_services

POSTGRES: ServiceName = "postgres"
MYSQL: ServiceName = "mysql"
_DATABASES = (POSTGRES, MYSQL)
_DRIVERS: Mapping[ServiceName, Set[str]] = {
    "postgres": {
        "aiopg",
        "asyncpg",
        "pg8000",
        "psycopg",
        "psycopg-binary",
        "psycopg-c",
        "psycopg2",
        "psycopg2-binary",
    },
    "mysql": {"aiomysql", "asyncmy", "mariadb", "mysql-connector-python", "mysqlclient", "pymysql"},
    "redis": {
        "aioredis",
        "arq",
        "channels-redis",
        "django-redis",
        "django-rq",
        "fastapi-limiter",
        "flask-redis",
        "flask-rq2",
        "redis",
        "redis-om",
        "rq",
    },
    "mongodb": {
        "beanie",
        "djongo",
        "flask-mongoengine",
        "flask-pymongo",
        "mongoengine",
        "motor",
        "odmantic",
        "pymongo",
    },
    "rabbitmq": {"aio-pika", "faststream-rabbit", "pika"},
    "memcached": {"aiomcache", "pylibmc", "pymemcache", "python-memcached"},
    "elasticsearch": {
        "django-elasticsearch-dsl",
        "elasticsearch",
        "elasticsearch-async",
        "elasticsearch-dsl",
    },
    "opensearch": {"django-opensearch-dsl", "opensearch-py", "opensearchpy"},
    "s3": {"aioboto3", "aiobotocore", "boto3", "django-storages", "minio", "s3fs"},
}
# The last part of an image's name → the kind.
_IMAGES: Mapping[str, ServiceName] = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "postgis": "postgres",
    "pgvector": "postgres",
    "timescaledb": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "redis": "redis",
    "valkey": "redis",
    "mongo": "mongodb",
    "mongodb": "mongodb",
    "rabbitmq": "rabbitmq",
    "memcached": "memcached",
    "elasticsearch": "elasticsearch",
    "opensearch": "opensearch",
}
_SCHEMES: Mapping[str, ServiceName] = {
    "postgres": "postgres",
    "postgresql": "postgres",
    "postgis": "postgres",
    "psql": "postgres",
    "pgsql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "mysql2": "mysql",
    "redis": "redis",
    "rediss": "redis",
    "mongodb": "mongodb",
    "amqp": "rabbitmq",
    "pyamqp": "rabbitmq",
    "memcached": "memcached",
    "memcache": "memcached",
    "pymemcache": "memcached",
}
_ANY_DATABASE = r"DB|DATABASE|SQL|RDS|SQLALCHEMY_DATABASE|SQLALCHEMY"
_PREFIXES: Mapping[ServiceName, str] = {
    "postgres": rf"{_ANY_DATABASE}|POSTGRES|POSTGRESQL|PG|PSQL",
    "mysql": rf"{_ANY_DATABASE}|MYSQL|MARIADB",
    "redis": r"REDIS|CACHE_REDIS|RQ_REDIS",
    "mongodb": r"MONGO|MONGODB",
    "rabbitmq": r"RABBIT|RABBITMQ|AMQP|CLOUDAMQP",
    "memcached": r"MEMCACHE|MEMCACHED|MEMCACHIER|CACHE_MEMCACHED",
    "elasticsearch": r"ELASTIC|ELASTICSEARCH|ES",
    "opensearch": r"OPENSEARCH",
    "s3": r"S3|AWS|AWS_S3|MINIO",
}
# What a variable's name ends with → what it is filled in with.
_PARTS = (
    (r"URL|URI|DSN|ENDPOINT(_URL)?(_S3)?|CONNECTION_STRING", "{url}"),
    (r"SERVERS|LOCATION", "{host}:{port}"),
    (r"HOST|HOSTNAME|HOSTS|SERVER|ADDRESS|ADDR", "{host}"),
    (r"PORT", "{port}"),
    (r"NAME|DB|DATABASE|DBNAME|DB_NAME|VHOST", "{database}"),
    (r"USER|USERNAME|ACCESS_KEY(_ID)?", "{user}"),
    (r"PASS|PASSWORD|PWD|SECRET_(ACCESS_)?KEY", "{password}"),
)
_WHERE = re.compile(r"\{(?:url|host)\}")
_SQL = {"sqlalchemy", "flask-sqlalchemy", "sqlmodel", "databases", "flask-migrate", "alembic"}
_TLS = re.compile(
    r"sslmode=(require|prefer-require)\b|[\"']sslmode[\"']\s*:\s*[\"']require[\"']"
    r"|ssl_require\s*=\s*True|\bssl\s*=\s*[\"']require[\"']"
)
_SQLITE = re.compile(r"[\"'](sqlite(?:\+\w+)?):///?|django\.db\.backends\.sqlite3")

# Django: the file is named by a variable.
_DJANGO_FILE = re.compile(
    r"backends\.sqlite3[\"']\s*\)?\s*,\s*[\"']NAME[\"']\s*:\s*[\w.]+\(\s*[\"'](\w+)[\"']"
)


@dataclass(frozen=True)
class RequiredService:
    """kind: its name in `[services]`. version, image, env, tls: as its table there has them.
    reason: why it is needed, for people."""

    kind: ServiceName
    version: str
    reason: str
    image: str = ""
    env: tuple[tuple[str, str], ...] = ()
    tls: bool = False

    @property
    def table(self) -> dict[str, object]:
        """Its table in shipway.toml."""
        settings: dict[str, object] = {"version": self.version}
        if self.image:
            settings["image"] = self.image
        if self.tls:
            settings["tls"] = True
        return {**settings, "env": dict(self.env) or dict(KINDS[self.kind].variables)}


@dataclass(frozen=True)
class RequiredServices:
    """needed: what has to run. sqlite: variable → address, of the application's own database file;
    below {data}, so that it stays over releases. notes: what is not started and why, for people.
    """

    needed: tuple[RequiredService, ...] = ()
    sqlite: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def provided(self) -> frozenset[str]:
        """The variables that services hand over."""
        return frozenset(
            name
            for service in self.needed
            for name in dict(service.env) or KINDS[service.kind].variables
        )


def find_required_services(
    names: Iterable[str],
    variables: Sequence[EnvironmentVariable],
    texts: Iterable[tuple[str, str]],
    sources: Sources,
    application: str,
) -> RequiredServices:
    """names: of required packages, normalised. texts: (path, text) of the source. application: its
    name, for the database's file."""
    installed, bodies = frozenset(names), [body for _, body in texts]
    images = dict(_composed(sources))
    needed: list[RequiredService] = []
    notes: list[str] = []
    sqlite = _sqlite_default(variables, bodies)
    databases = [kind for kind in _DATABASES if installed & _DRIVERS[kind]]
    if sqlite and databases:
        notes.append(f"database: SQLite, which it takes by itself, not {' or '.join(databases)}")
    elif len(databases) > 1:
        databases = [_chosen(databases, variables, images)]
        notes.append(f"database: {databases[0]}, of the drivers in the requirements")
    if not sqlite:
        needed += [_service(kind, installed, variables, images, bodies) for kind in databases]
    for kind in (kind for kind in _DRIVERS if kind not in _DATABASES):
        if not installed & _DRIVERS[kind]:
            continue
        matched = [variable for variable in variables if _template(kind, variable, installed)]
        # Where it is, says whether it is there: a port has a default whether it is asked or not.
        places = [
            variable
            for variable in matched
            if _WHERE.search(_template(kind, variable, installed)) or variable.required
        ]
        matched = places or matched
        optional = all(not (variable.required or variable.default) for variable in matched)
        if kind == "s3" and not any("ENDPOINT" in v.name and v.required for v in matched):
            continue  # the same packages speak to all of AWS
        if matched and optional and not KINDS[kind].package:  # else it can be had everywhere
            notes.append(f"{kind}: not started, because {matched[0].name} may be left out")
        else:
            needed.append(_service(kind, installed, variables, images, bodies))
    needs_no_file = not sqlite and (databases or not installed & _SQL)
    file = () if needs_no_file else _database_file(sqlite, variables, bodies, application)
    return RequiredServices(tuple(needed), tuple(file), tuple(notes))


def _service(
    kind: ServiceName,
    installed: frozenset[str],
    variables: Sequence[EnvironmentVariable],
    images: Mapping[ServiceName, tuple[str, str, str]],
    bodies: Iterable[str],
) -> RequiredService:
    version, image, place = images.get(kind, (KINDS[kind].version, "", ""))
    driver = min(installed & _DRIVERS[kind])
    env = tuple(
        (variable.name, template)
        for variable in variables
        if (template := _template(kind, variable, installed))
    )
    if not env and kind in _DATABASES:
        env = (("DATABASE_URL", database_url(kind, installed)),)
    tls = kind == POSTGRES and any(_TLS.search(body) for body in bodies)
    reason = f"{driver} is required" + (f", {place} has it" if place else "")
    return RequiredService(kind, version, reason, image, env, tls)


def _composed(sources: Sources) -> Iterator[tuple[ServiceName, tuple[str, str, str]]]:
    """kind → (version, image, place) of what compose starts; the image where it is not the
    official one by its version alone."""
    for path, name, service in compose_services(sources):
        image = text(service.get("image"))
        repository, _, digest = image.partition("@")
        base, _, tag = repository.rpartition(":") if ":" in repository else (repository, "", "")
        kind = _IMAGES.get(base.rpartition("/")[2])
        if kind is None or "$" in image:
            continue
        version = re.match(r"\d+(\.\d+)*", tag)
        usual = base in (KINDS[kind].image, f"library/{KINDS[kind].image}") and not digest
        other = "" if usual and (version or tag in ("", "latest", "alpine")) else image
        yield kind, (version[0] if version else KINDS[kind].version, other, f"{path}: {name}")


def _chosen(
    databases: Sequence[ServiceName],
    variables: Sequence[EnvironmentVariable],
    images: Mapping[ServiceName, object],
) -> ServiceName:
    """The database that a default or an example names, else the one of compose, else the first."""
    for variable in variables:
        for value in (variable.default, variable.example):
            kind = _kind_of(value)
            if kind is not None and kind in databases:
                return kind
    return next((kind for kind in databases if kind in images), databases[0])


def _kind_of(address: str) -> ServiceName | None:
    scheme = address.partition("://")[0] if "://" in address else ""
    return _SCHEMES.get(scheme.partition("+")[0])


def _template(kind: ServiceName, variable: EnvironmentVariable, installed: frozenset[str]) -> str:
    """What a variable is filled in with where it hands this kind over; "" where it does not."""
    values = [value for value in (variable.default, variable.example) if "://" in value]
    kinds = [_kind_of(value) for value in values]
    form = _form(kind, variable.name)
    if kind in kinds:
        return _address(kind, values[kinds.index(kind)], installed)
    if any(kinds):
        return ""  # an address of another kind
    if form == "{host}" and kind in ("elasticsearch", "opensearch") and values:
        return "{url}"
    if form == "{url}" and kind in _DATABASES:
        return database_url(kind, installed)
    return form


def _form(kind: ServiceName, name: str) -> str:
    for ending, form in _PARTS:
        if re.fullmatch(rf"(\w+_)?({_PREFIXES[kind]})_?({ending})", name.upper()):
            return form
    return ""


def _address(kind: ServiceName, value: str, installed: frozenset[str]) -> str:
    """The address in the form of the one that the application has: its scheme, with the driver, and
    its options. One that was made up for a type says nothing of them."""
    if value in MADE_UP and kind in _DATABASES:
        return database_url(kind, installed)
    scheme = value.partition("://")[0]
    query = value.partition("?")[2]
    options = f"?{query}" if query and not set(query) & set("{}$ ") else ""
    if scheme == KINDS[kind].scheme or kind not in (*_DATABASES, "rabbitmq"):
        return "{url}" + options
    database = "/{database}" if kind in _DATABASES else "/"
    return f"{scheme}://{{user}}:{{password}}@{{host}}:{{port}}{database}{options}"


def database_url(kind: ServiceName, names: Iterable[str]) -> str:
    """The form of a database's address that the driver wants, as `[services.KIND] env` has it.

    SQLAlchemy takes psycopg2 for `postgresql://` and mysqlclient for `mysql://`; any other driver
    it has to be told (docs.sqlalchemy.org, Dialects). Tortoise has schemes of its own.
    """
    installed = set(names)
    rest = "{user}:{password}@{host}:{port}/{database}"
    if kind == POSTGRES and "tortoise-orm" in installed:
        return f"postgres://{rest}"
    if not installed & _SQL:
        return "{url}"
    for scheme, drivers in _SQL_DRIVERS[kind]:
        if installed & drivers:
            return f"{scheme}://{rest}" if scheme else "{url}"
    return "{url}"


_SQL_DRIVERS: Mapping[str, tuple[tuple[str, set[str]], ...]] = {
    "postgres": (
        ("", {"psycopg2", "psycopg2-binary"}),
        ("postgresql+psycopg", {"psycopg", "psycopg-binary", "psycopg-c"}),
        ("postgresql+asyncpg", {"asyncpg"}),
        ("postgresql+pg8000", {"pg8000"}),
    ),
    "mysql": (
        ("", {"mysqlclient"}),
        ("mysql+pymysql", {"pymysql"}),
        ("mysql+aiomysql", {"aiomysql"}),
        ("mysql+asyncmy", {"asyncmy"}),
        ("mysql+mysqlconnector", {"mysql-connector-python"}),
        ("mariadb+mariadbconnector", {"mariadb"}),
    ),
}


# SQLite


def _sqlite_default(variables: Sequence[EnvironmentVariable], bodies: Iterable[str]) -> str:
    """The scheme of SQLite's address where the application has its database in a file unless it is
    told of another; "" where it has none."""
    own = [variable for variable in variables if _form(POSTGRES, variable.name)]
    own += [variable for variable in variables if _form(MYSQL, variable.name)]
    for variable in own:
        if variable.default.startswith("sqlite"):
            return variable.default.partition(":")[0]
        if variable.required or _kind_of(variable.default):
            return ""
    matches = [match for body in bodies for match in _SQLITE.finditer(body)]
    return next((match[1] for match in matches if match[1]), "sqlite") if matches else ""


def _database_file(
    sqlite: str,
    variables: Sequence[EnvironmentVariable],
    bodies: Iterable[str],
    application: str,
) -> Iterator[tuple[str, str]]:
    """The variable that moves the database's file below {data}, where there is one."""
    for variable in variables:
        if _form(POSTGRES, variable.name) == "{url}":
            scheme = sqlite or "sqlite"
            yield variable.name, f"{scheme}:///{{data}}/{application}.sqlite3"
            return
    for match in (match for body in bodies for match in _DJANGO_FILE.finditer(body)):
        yield match[1], f"{{data}}/{application}.sqlite3"
        return
