"""The values that nothing may show, in each form in which a program may print them."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

from shipway.errors import ConfigError

if TYPE_CHECKING:
    from shipway.config.schema import Config

SHORTEST = 6  # characters; shorter ones would blot out ordinary words
_SHORTEST_FOUND = 4
# Every step sees them, and a private package index has a password in its address.
INDEXES = ("UV_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL")
_WORDS = r"TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|PWD|(API)?KEYS?|CREDENTIALS?|DSN"
_SECRET = re.compile(rf"(^|_)({_WORDS})(_|$)|(TOKEN|SECRET|PASSWORD)$", re.I)
_PLACE = re.compile(r"(^PWD|_(FILE|PATH|DIR))$", re.I)  # names a file, holds no secret
_USER = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#\s]*)@", re.I)
_WRAPPED = (64, 76)  # characters a line: openssl's, and what base64 does by itself


def secret_values(
    config: Config, environment: Mapping[str, str], declared: Iterable[str] = ()
) -> tuple[str, ...]:
    """Every secret among the variables that a step or an instance may see, in all its forms.

    declared: the names that the steps declare, for a configuration that was compiled has no
    steps any more. Secret is each variable named in an environment's `secrets`, in `[notify]` or
    in `[cache]`; each declared one whose name says so; and the password in the address that any
    declared one holds. What the configuration itself holds is no secret: whoever has the repository
    has it.

    Raises ConfigError for a variable whose value is too short to be told from a word. A short
    password in an address is blotted out there.
    """
    secret_names = {name for settings in config.environments.values() for name in settings.secrets}
    secret_names.update(config.notify.variables + config.cache.variables)
    of_steps = {name for step in config.steps.values() for name in step.env}
    values: set[str] = set()
    short: set[str] = set()
    for name in {*secret_names, *config.env, *of_steps, *declared, *INDEXES} & environment.keys():
        value = environment[name]
        if name in secret_names or names_a_secret(name):
            if 0 < len(value.strip()) < SHORTEST:
                raise _too_short(name, len(value.strip()))
            values |= {value, value.strip()}
        passwords = set(_in_addresses(value))
        values |= passwords
        short |= {f":{password}@" for password in passwords if 0 < len(password) < SHORTEST}
    return tuple(sorted({form for value in values for form in forms(value)} | short))


def _too_short(name: str, length: int) -> ConfigError:
    return ConfigError(
        f"{name} is a secret of {length} character{'s' * (length > 1)}, too short to be redacted",
        f"Give {name} a value of at least {SHORTEST} characters, or unset it.",
    )


def names_a_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return bool(_SECRET.search(name)) and not _PLACE.search(name)


def holds_a_password(value: str) -> bool:
    """Whether a value is an address with a password in it (`postgresql://web:…@host/db`)."""
    return any(_in_addresses(value))


def _in_addresses(value: str) -> Iterator[str]:
    """The passwords in the addresses of a text; a token may stand in the user's place."""
    for scheme, user in _USER.findall(value):
        name, colon, password = user.partition(":")
        if not colon and scheme.lower() in ("http", "https"):
            password = name
        yield from (password, unquote(password))


def forms(value: str) -> Iterator[str]:
    """As it is, and as addresses, JSON, Python, XML, hexadecimal digits and base64 have it.

    What is too short to be told from a word has none.
    """
    if len(value.strip()) >= SHORTEST:
        yield value
        yield from _encoded(value)


def forms_of_found(value: str) -> Iterator[str]:
    """The same of a secret that a scanner has found, which is no word, however short it is."""
    if len(value.strip()) >= _SHORTEST_FOUND:
        yield value
        yield from (form for form in _encoded(value) if len(form) >= SHORTEST)


def _encoded(value: str) -> Iterator[str]:
    data = value.encode("utf-8", "surrogateescape")
    yield from _in_an_address(data)
    yield from _in_json(value)
    yield from (repr(value)[1:-1], repr(data)[2:-1], _octal(data))
    yield from (escape(value, quote=False), escape(value), escape(value).replace("&#x27;", "'"))
    yield escape(value).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")  # Go
    yield escape(value).replace("&#x27;", "&apos;")
    for digits in (data.hex(), data.hex(" "), data.hex(":")):
        yield from (digits, digits.upper())
    for encode in (b64encode, urlsafe_b64encode):
        for content in (data, data + b"\n"):  # `echo $SECRET | base64`
            text = encode(content).decode()
            yield from (text, text.rstrip("="))
            for width in _WRAPPED:
                yield "\n".join(text[at : at + width] for at in range(0, len(text), width))
        for before in range(3):
            yield _within(encode(b"\0" * before + data).decode(), before, len(data))


def _in_an_address(data: bytes) -> Iterator[str]:
    quoted = [quote(data, safe=""), quote(data), quote_plus(data)]
    quoted += [quote(quoted[0], safe=""), "".join(f"%{byte:02X}" for byte in data)]
    for text in quoted:
        yield from (text, re.sub("%..", lambda match: match[0].lower(), text))


def _in_json(value: str) -> Iterator[str]:
    """Also as JSON within JSON, as a log in JSON has what another program printed."""
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        go = re.sub("[<>&]", lambda match: f"\\u{ord(match[0]):04x}", text)
        for escaped in (text, go, text.replace("/", "\\/")):
            yield from (escaped, json.dumps(escaped, ensure_ascii=False)[1:-1])
            yield re.sub(r"\\u....", lambda match: "\\u" + match[0][2:].upper(), escaped)


def _octal(data: bytes) -> str:
    """As C and git quote what is not ASCII."""
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}" for byte in data)


def _within(text: str, before: int, length: int) -> str:
    """The part of a base64 text that stays the same whatever stands around the value."""
    first = (0, 2, 3)[before]
    return text.rstrip("=")[first : -1 if (before + length) % 3 else None]
