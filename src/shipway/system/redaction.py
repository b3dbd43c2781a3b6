"""Secrets are blotted out where a program's output enters, so that nothing behind sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable

BLOT = "[redacted]"
_PART = 6  # characters of a secret that can be told from a word
_ELLIPSIS = re.compile(r"(\.{3,}|…)")


class Redactor:
    """Replaces every secret value. Longest first, so that a value inside another leaves nothing.

    A value of several lines is also looked for line by line, since output arrives in lines;
    lines shorter than six characters are left, or ordinary words would vanish. Programs shorten
    what is long: what they leave of a secret beside an ellipsis goes, too.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        values: set[str] = set()
        for secret in secrets:
            if secret.strip():
                values.add(secret)
                lines = secret.splitlines()
                values.update(line for line in lines if len(line.strip()) >= _PART)
        self._secrets = sorted(values, key=len, reverse=True)
        self._turned = [secret[::-1] for secret in self._secrets]
        self._parts = {part for value in self._secrets for part in (value[:_PART], value[-_PART:])}
        # How much of a secret a text may end with, without holding all of it.
        self.reach = len(self._secrets[0]) - 1 if self._secrets else 0

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        parts = any(part in text for part in self._parts) and _ELLIPSIS.search(text)
        return self._without_parts(text) if parts else text

    def _without_parts(self, text: str) -> str:
        pieces = _ELLIPSIS.split(text)  # every other one is an ellipsis
        last = len(pieces) - 1
        for at in range(0, last + 1, 2):
            piece = pieces[at]
            end = _begun(piece, self._secrets) if at < last else 0
            piece = piece[: len(piece) - end] + BLOT * bool(end)
            start = _begun(piece[::-1], self._turned) if at else 0
            pieces[at] = BLOT * bool(start) + piece[start:]
        return "".join(pieces)


def _begun(text: str, secrets: Iterable[str]) -> int:
    """How many characters at the end of a text are the first ones of a secret."""
    return max(_begun_one(text, secret) for secret in secrets)


def _begun_one(text: str, secret: str) -> int:
    end = text[-len(secret) :]
    at = end.find(secret[:_PART])
    while at >= 0:
        if secret.startswith(end[at:]):
            return len(end) - at
        at = end.find(secret[:_PART], at + 1)
    return 0
