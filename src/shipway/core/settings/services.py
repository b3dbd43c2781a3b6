"""`[services]`: what integration tests find running, for as long as they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shipway.core.settings.closed import Closed, Seconds, Text


@dataclass(frozen=True)
class Service(Closed):
    """One service, for one step at a time.

    version: the major one, as in "15"; where another is found it is used, and said. env:
    variable → its value, in which {url}, {host}, {port}, {user}, {password} and {database} are
    filled in; empty for the usual one (DATABASE_URL, REDIS_URL). image: for docker or podman,
    empty for the official one of this version. timeout: seconds until it has to answer.
    """

    version: Text
    env: dict[str, str] = field(default_factory=dict)
    image: str = ""
    timeout: Seconds = 60.0


def in_long_form(data: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with `postgres = "15"` written as `[services.postgres] version = "15"`."""
    services = data.get("services")
    if not isinstance(services, Mapping):
        return dict(data)
    long = {
        name: {"version": str(value)}
        if isinstance(value, str | int | float) and not isinstance(value, bool)
        else value
        for name, value in services.items()
    }
    return {**data, "services": long}
