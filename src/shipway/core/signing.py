"""Signs what a webhook gets, so that its receiver knows who sent it and that nobody changed it."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from hashlib import sha256

_PREFIX = "whsec_"


def signed(body: bytes, secret: str, at: float) -> dict[str, str]:
    """The three headers of Standard Webhooks 1.0 (standardwebhooks.com, "Signature scheme").

    secret: `whsec_` and base64, as that has it; anything else is taken as it stands (UTF-8).
    at: seconds since the epoch; receivers refuse what is old. The id is the body's digest: an
    attempt that is made again has the same one, so that a receiver can leave out the second.
    """
    name, moment = f"msg_{sha256(body).hexdigest()[:32]}", str(int(at))
    return {
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": signature(name, moment, body, secret),
    }


def signature(name: str, moment: str, body: bytes, secret: str) -> str:
    """The signature of version 1: HMAC-SHA256 over `id.timestamp.body`."""
    content = b".".join((name.encode(), moment.encode(), body))
    return "v1," + b64encode(hmac.digest(_key(secret), content, "sha256")).decode()


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return b64decode(secret.removeprefix(_PREFIX), validate=True)
        except ValueError:
            pass  # no base64: somebody's own words
    return secret.encode()
