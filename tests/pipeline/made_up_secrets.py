"""Secrets of every kind, made up and made here so that no scanner finds any; and how tools print
them."""

from __future__ import annotations

import json
import random
import string
from base64 import b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable
from html import escape
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import quoteattr

_LETTERS = string.ascii_letters + string.digits
_SYMBOLS = _LETTERS + "!#%&()*+,-./:;<=>?@[]^_{|}~$'\"\\ "
_UNICODE = "äöüßéñçłøåжшщыэюяλψωカキクケコ漢字한글🔑🗝" + string.digits

KINDS: dict[str, Callable[[random.Random], str]] = {
    "AWS key id": lambda r: "AKIA" + _text(r, 16, string.ascii_uppercase + "234567"),
    "AWS secret": lambda r: _text(r, 40, _LETTERS + "/+"),
    "GitHub token": lambda r: "ghp_" + _text(r, 36),
    "GitHub fine-grained": lambda r: f"github_pat_{_text(r, 22)}_{_text(r, 59)}",
    "Slack bot": lambda r: f"xoxb-{_text(r, 12, string.digits)}-{_text(r, 24)}",
    "Slack webhook": lambda r: f"https://hooks.slack.com/services/T{_text(r, 8)}/{_text(r, 24)}",
    "private key": lambda r: "\n".join(
        ("-----BEGIN PRIVATE" + " KEY-----", *(_text(r, 64, _LETTERS + "+/") for _ in range(4)), "")
    ),
    "JWT": lambda r: ".".join(
        urlsafe_b64encode(_text(r, size).encode()).decode().rstrip("=") for size in (27, 60, 32)
    ),
    "password of an address": lambda r: quote(_text(r, 14, _SYMBOLS), safe=""),
    "address": lambda r: f"postgresql://web:{_text(r, 12)}@db.example.org:5432/web",
    "base64": lambda r: b64encode(r.randbytes(31)).decode(),
    "hexadecimal": lambda r: r.randbytes(20).hex(),
    "password": lambda r: "p" + _text(r, 15, _SYMBOLS) + "p",
    "short": lambda r: "§" + _text(r, 4, "0123456789#$%"),
    "unicode": lambda r: _text(r, 12, _UNICODE),
}


def _text(rng: random.Random, length: int, letters: str = _LETTERS) -> str:
    return "".join(rng.choices(letters, k=length))


def made_up(count: int, seed: int = 0) -> list[str]:
    """As many different secrets, of each kind about as many."""
    rng = random.Random(seed)
    kinds = list(KINDS.values())
    return [kinds[number % len(kinds)](rng) for number in range(count)]


def _spread(text: str, width: int) -> str:
    return "\n    ".join(text[at : at + width] for at in range(0, len(text), width))


# How a program may print a text.
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "python": repr,
    "python bytes": lambda s: repr(s.encode()),
    "json": json.dumps,
    "json within json": lambda s: json.dumps(json.dumps(s)),
    "json utf-8": lambda s: json.dumps(s, ensure_ascii=False),
    "address": lambda s: f"https://host/?q={quote(s, safe='')}",
    "address, lower case": lambda s: quote(s, safe="").lower() if s.isdigit() else _lower(s),
    "form": lambda s: f"password={quote_plus(s)}&next=/",
    "xml": escape,
    "xml attribute": quoteattr,
    "base64": lambda s: b64encode(s.encode()).decode(),
    "basic": lambda s: "Basic " + b64encode(f"user:{s}".encode()).decode(),
    "wrapped base64": lambda s: encodebytes(s.encode()).decode(),
    "hexadecimal": lambda s: s.encode().hex(),
    "hexadecimal, upper case": lambda s: s.encode().hex().upper(),
    "over two lines": lambda s: _spread(s, max(len(s) // 2, 3)),
    "over many lines": lambda s: _spread(s, 10),
    "in colour": lambda s: f"{s[:3]}\x1b[1m{s[3:]}\x1b[0m",
    "with marks that are not seen": lambda s: "\u200b".join(s),
}


def _lower(text: str) -> str:
    parts = quote(text, safe="").split("%")
    return parts[0] + "".join("%" + part[:2].lower() + part[2:] for part in parts[1:])


def needles(secret: str) -> set[str]:
    """What of a secret, or of what it is encoded as, may stand nowhere."""
    lines = [line for line in secret.splitlines() if len(line) >= 6]
    data = secret.encode()
    coded = {
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        _lower(secret),
        quote_plus(secret),
        b64encode(data).decode().rstrip("="),
        data.hex(),
        data.hex().upper(),
    }
    return {needle for needle in {*lines, *coded} if len(needle) >= 5}
