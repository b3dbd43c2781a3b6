"""Who may see the pages of `shipway ui` and press their buttons: one browser, on this machine.

Every program and every website that is open here can ask 127.0.0.1. Against each way there is one
answer:
- a name that an attacker points at 127.0.0.1 (DNS rebinding): the header Host has to be our own;
- another server on this machine, which a browser sends the cookies of its host to, whatever the
  port: the pages have a host of their own, made anew at each start, below "localhost", which
  browsers look up nowhere; the other server is not asked under that name, and does not know it;
- another website, or another server on this machine, whose page sends a form here: Origin has to
  be our own, and the form has to have the token that only our pages have;
- another program or user here that asks directly: everything asks for the key of this start, which
  the terminal shows and the browser then keeps as a cookie that no script can read.

Sources: OWASP Cheat Sheet Series, "Cross-Site Request Forgery Prevention"; W3C, Fetch Metadata
Request Headers; RFC 6265, 8.5 (cookies and ports); RFC 6761, 6.3 (localhost).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import compare_digest

_HTTP = 80
KEY_HEADER = "x-shipway-key"
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # "no-referrer" would send the Origin of forms as "null"
    "X-Content-Type-Options": "nosniff",
}
_SAME = ("", "same-origin", "none")  # Sec-Fetch-Site, which old browsers do not send


class Refusal(StrEnum):
    """Why something is refused."""

    HOST = "this is not the address that shipway ui printed: open that one"
    ORIGIN = "only the pages of shipway ui may ask for this"
    KEY = "the key of this start of shipway ui is missing or wrong"
    TOKEN = "the form is not one of this start of shipway ui: open the page again"  # nosec B105


@dataclass(frozen=True)
class Asked:
    """What a request says of where it comes from; "" for a header that it does not have."""

    host: str
    origin: str = ""
    site: str = ""  # Sec-Fetch-Site
    cookie: str = ""


@dataclass(frozen=True)
class Access:
    """The keys of one start. port: where it listens. key: shown in the terminal. token: in the
    forms of the pages. label: what its host's name begins with."""

    port: int
    label: str = field(default_factory=lambda: f"shipway-{secrets.token_hex(8)}", repr=False)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def address(self) -> str:
        """What is opened: the key is behind "#", and so in no request and in no log."""
        return f"{self.origin}/#{self.key}"

    @property
    def origin(self) -> str:
        """What the pages' addresses begin with."""
        return f"http://{self.host}"

    @property
    def cookie(self) -> str:
        """The cookie's name."""
        return f"shipway-{self.port}"

    @property
    def host(self) -> str:
        """What the header Host has to be: browsers leave out the port that is HTTP's own."""
        name = f"{self.label}.localhost"
        return name if self.port == _HTTP else f"{name}:{self.port}"

    def refuse_address(self, asked: Asked) -> Refusal | None:
        """Why nothing at all is answered; None where something may be."""
        return None if asked.host == self.host else Refusal.HOST

    def refuse_reader(self, asked: Asked) -> Refusal | None:
        """Why no page is shown; None where it may be."""
        if refusal := self.refuse_address(asked):
            return refusal
        return None if _same(asked.cookie, self.key) else Refusal.KEY

    def refuse_sign_in(self, asked: Asked, key: str) -> Refusal | None:
        """Why a key is not exchanged for a cookie; None where it may be."""
        if refusal := self.refuse_address(asked) or self._refuse_origin(asked):
            return refusal
        return None if _same(key, self.key) else Refusal.KEY

    def refuse_action(self, asked: Asked, token: str) -> Refusal | None:
        """Why a button does nothing; None where it may do what it says."""
        if refusal := self.refuse_reader(asked) or self._refuse_origin(asked):
            return refusal
        return None if _same(token, self.token) else Refusal.TOKEN

    def _refuse_origin(self, asked: Asked) -> Refusal | None:
        own = asked.origin == self.origin and asked.site in _SAME
        return None if own else Refusal.ORIGIN


def _same(value: str, secret: str) -> bool:
    return compare_digest(value.encode("utf-8", "surrogatepass"), secret.encode())
