"""Secrets are blotted out where a program's output enters, so that nothing behind sees them."""

from __future__ import annotations

from collections.abc import Iterable

BLOT = "[redacted]"


class Redactor:
    """Replaces every secret value. Longest first, so that a value inside another leaves nothing.

    A value of several lines is also looked for line by line, since output arrives in lines;
    lines shorter than six characters are left, or ordinary words would vanish.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        wanted: set[str] = set()
        for secret in secrets:
            if secret.strip():
                wanted.add(secret)
                wanted.update(line for line in secret.splitlines() if len(line.strip()) >= 6)
        self._secrets = sorted(wanted, key=len, reverse=True)
        # How much of a secret a text may end with, without holding all of it.
        self.reach = len(self._secrets[0]) - 1 if self._secrets else 0

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        return text
