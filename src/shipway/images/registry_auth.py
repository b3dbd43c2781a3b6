"""Who Shipway is to a registry: by two variables, or what `docker login` has kept.

Format: docker's config.json (docs.docker.com/reference/cli/docker/login): auths → host → auth,
the pair in Base64. Credential helpers are other programs, and are not started here.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from shipway.system.http import RegistryRequest, RegistryResponse, RegistryTransport

# How a registry is to be convinced: Basic, or a token of its own service.
#
# Sources: RFC 7617 (Basic); distribution.github.io/distribution/spec/auth/token (Bearer). Neither
# name nor password ever leaves this module but in a header to whom they belong.

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class RegistryCredentials:
    """Who asks. Empty for nobody."""

    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The header's value; "" for nobody."""
        if not (self.user or self.password):
            return ""
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return f"Basic {pair}"


class RegistryAuth:
    """The header to send, learned from the registry's first refusal, for each scope anew."""

    def __init__(
        self,
        exchange: RegistryTransport,
        credentials: RegistryCredentials,
        renew: Callable[[], RegistryCredentials] | None = None,
    ) -> None:
        self._exchange = exchange
        self._credentials = credentials
        self._renew = renew
        self._known: dict[str, str] = {}

    def header(self, scope: str) -> Mapping[str, str]:
        """What is known to do for a scope."""
        value = self._known.get(scope, "")
        return {"authorization": value} if value else {}

    def learn(self, scope: str, answer: RegistryResponse, url: str) -> bool:
        """Understand a 401; whether there is something new to try.

        url: the address that refused. A token's service has to speak TLS where the registry
        does: a password is not sent in the open because a header says so.
        """
        challenge = answer.headers.get("www-authenticate", "")
        kind, _, rest = challenge.partition(" ")
        before = self._known.get(scope, "")
        if kind.lower() == "basic":
            self._known[scope] = self._credentials.basic
        elif kind.lower() == "bearer":
            self._known[scope] = self._token(dict(_PARAMETER.findall(rest)), scope, url)
        return bool(self._known.get(scope)) and self._known[scope] != before

    def renew(self, scope: str) -> bool:
        """Log in anew where what is known has expired; whether there is something new to try."""
        if self._renew is None or not self._known.get(scope, "").startswith("Basic "):
            return False
        self._credentials = self._renew()
        self._known.clear()
        self._known[scope] = self._credentials.basic
        return True

    def _token(self, parameters: Mapping[str, str], scope: str, url: str) -> str:
        realm = parameters.get("realm", "")
        if urlsplit(realm).scheme not in ("https", urlsplit(url).scheme):
            return ""
        query = urlencode(
            {
                key: value
                for key, value in (
                    ("service", parameters.get("service", "")),
                    ("scope", parameters.get("scope") or scope),
                )
                if value
            }
        )
        basic = self._credentials.basic
        headers = {"authorization": basic} if basic else {}
        joint = "&" if urlsplit(realm).query else "?"
        answer = self._exchange.ask(RegistryRequest("GET", f"{realm}{joint}{query}", headers))
        try:
            document = json.loads(answer.body)
            token = document.get("token") or document.get("access_token")
        except (ValueError, AttributeError):
            return ""
        return f"Bearer {token}" if answer.status == 200 and token else ""


USER, PASSWORD = "SHIPWAY_REGISTRY_USER", "SHIPWAY_REGISTRY_PASSWORD"


def find_credentials(host: str, environment: Mapping[str, str]) -> RegistryCredentials:
    """Those for a registry; nobody's where none are known."""
    if environment.get(PASSWORD):
        return RegistryCredentials(environment.get(USER, ""), environment[PASSWORD])
    for path in _files(environment):
        stored = _of(path, host)
        if stored is not None:
            return stored
    return RegistryCredentials()


def _files(environment: Mapping[str, str]) -> list[str]:
    home = environment.get("HOME", "")
    docker = environment.get("DOCKER_CONFIG") or os.path.join(home, ".docker")
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    podman = environment.get("REGISTRY_AUTH_FILE") or os.path.join(
        runtime, "containers", "auth.json"
    )
    return [podman, os.path.join(docker, "config.json")]


def _of(path: str, host: str) -> RegistryCredentials | None:
    try:
        with open(path, encoding="utf-8") as file:
            auths = json.load(file).get("auths", {})
        entry = auths.get(host) or auths.get(f"https://{host}") or {}
        user, _, password = base64.b64decode(entry.get("auth", "")).decode().partition(":")
    except (OSError, ValueError, AttributeError):
        return None
    return RegistryCredentials(user, password) if user else None
