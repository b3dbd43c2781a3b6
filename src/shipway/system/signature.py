"""Signatures by which an outcome is known to be of a writer: Ed25519 (RFC 8032).

`cryptography` is imported at the first signature: a run that takes nothing from others and gives
nothing to them does without. Keys are 32 bytes in base64.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from shipway.errors import ConfigError


class PrivateKey:
    """Signs. text: the key as `shipway cache key` writes it; raises ConfigError for another text,
    which is not repeated."""

    def __init__(self, text: str) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            self._private = Ed25519PrivateKey.from_private_bytes(
                b64decode(text.strip(), validate=True)
            )
        except ValueError:
            raise ConfigError(
                "the private key of [cache] is no key",
                "Make a pair with `shipway cache key FILE`, and give the variable what is in FILE.",
                code="invalid-setting",
            ) from None

    @property
    def public_key(self) -> str:
        """What readers know its signatures by."""
        return b64encode(self._private.public_key().public_bytes_raw()).decode()

    def sign(self, data: bytes) -> bytes:
        """The signature of some data: 64 bytes."""
        return self._private.sign(data)


def new_private_key() -> str:
    """A private key that nobody else has."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def verify_signature(public_key: str, signature: bytes, data: bytes) -> bool:
    """Whether the signature of the data was made with the private key of this public one."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key, validate=True))
        key.verify(signature, data)
    except (ValueError, InvalidSignature):
        return False
    return True
