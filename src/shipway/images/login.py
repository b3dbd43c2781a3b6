"""How a registry is to be convinced: Basic, or a token of its own service.

Sources: RFC 7617 (Basic); distribution.github.io/distribution/spec/auth/token (Bearer). Neither
name nor password ever leaves this module but in a header to whom they belong.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from shipway.core.images.exchange import Answer, Exchange, Request

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Credentials:
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


class Login:
    """The header to send, learned from the registry's first refusal, for each scope anew."""

    def __init__(self, exchange: Exchange, credentials: Credentials) -> None:
        self._exchange = exchange
        self._credentials = credentials
        self._known: dict[str, str] = {}

    def header(self, scope: str) -> Mapping[str, str]:
        """What is known to do for a scope."""
        value = self._known.get(scope, "")
        return {"authorization": value} if value else {}

    def learn(self, scope: str, answer: Answer, asked: str) -> bool:
        """Understand a 401; whether there is something new to try.

        asked: the address that refused. A token's service has to speak TLS where the registry
        does: a password is not sent in the open because a header says so.
        """
        challenge = answer.headers.get("www-authenticate", "")
        kind, _, rest = challenge.partition(" ")
        before = self._known.get(scope, "")
        if kind.lower() == "basic":
            self._known[scope] = self._credentials.basic
        elif kind.lower() == "bearer":
            self._known[scope] = self._token(dict(_PARAMETER.findall(rest)), scope, asked)
        return bool(self._known.get(scope)) and self._known[scope] != before

    def _token(self, said: Mapping[str, str], scope: str, asked: str) -> str:
        realm = said.get("realm", "")
        if urlsplit(realm).scheme not in ("https", urlsplit(asked).scheme):
            return ""
        query = urlencode(
            {key: value for key, value in (("service", said.get("service", "")),
                                           ("scope", said.get("scope") or scope)) if value}
        )  # fmt: skip
        basic = self._credentials.basic
        headers = {"authorization": basic} if basic else {}
        joint = "&" if urlsplit(realm).query else "?"
        answer = self._exchange.ask(Request("GET", f"{realm}{joint}{query}", headers))
        try:
            found = json.loads(answer.body)
            token = found.get("token") or found.get("access_token")
        except (ValueError, AttributeError):
            return ""
        return f"Bearer {token}" if answer.status == 200 and token else ""
