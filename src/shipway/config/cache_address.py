"""Where outcomes are shared, and the keys by which their writers are known. Pure."""

from __future__ import annotations

import re
from base64 import b64decode
from urllib.parse import urlsplit

ADDRESS_RULE = (
    "write https://host/path (http:// without credentials or on this machine), s3://bucket/prefix "
    "or file:///folder, without a user, a query or a fragment"
)
PUBLIC_KEY_RULE = "write a public key as `shipway cache key` prints it: 44 characters of base64"
VARIABLE_RULE = "write the name of an environment variable: letters, digits and underscores"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY_SIZE = 32  # bytes (RFC 8032)


def is_cache_address(text: str) -> bool:
    """Whether outcomes can be shared there; "" is nowhere.

    What is secret stays out: a user, a password or a query may hold it.
    """
    if not text:
        return True
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    if not text.isprintable() or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    if ".." in parts.path.split("/"):
        return False
    if parts.scheme == "file":
        return parts.netloc in ("", "localhost") and len(parts.path) > 1
    return parts.scheme in ("http", "https", "s3") and bool(parts.hostname)


def is_public_key(text: str) -> bool:
    """Whether it is 32 bytes in base64."""
    try:
        return len(text) == 44 and len(b64decode(text, validate=True)) == _KEY_SIZE
    except ValueError:
        return False


def is_variable_or_empty(text: str) -> bool:
    """Whether an environment variable can have the name; "" is none."""
    return not text or _VARIABLE.fullmatch(text) is not None
