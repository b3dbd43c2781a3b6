"""What a lock that Shipway resolved says of itself: the files that it was made from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

LOCK_PROBLEM = "lock/problem.txt"  # below .shipway: why there is no lock
_RESOLVED = "# Resolved by `shipway init`"
_LINE = re.compile(r"^# from (\S+) sha256:([0-9a-f]{64})$", re.MULTILINE)


def input_digest(data: bytes) -> str:
    """What names the content of a file that a lock is made from, in hexadecimal.

    Line ends are no content: git writes others on Windows, and where `core.autocrlf` is set.
    """
    return hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest()


def lock_header(digests: Mapping[str, str]) -> str:
    """Comment lines for the head of a lock. digests: path → `input_digest` of the file."""
    lines = [f"# from {quote(path)} sha256:{digest}\n" for path, digest in digests.items()]
    return "".join((f"{_RESOLVED}; `shipway init --relock` does it again.\n", *lines))


def lock_inputs(text: str) -> dict[str, str]:
    """path → digest of what a lock was made from; empty for a lock that somebody else made."""
    head = "\n".join(line for line in text.splitlines()[:40] if line.startswith("#"))
    return {unquote(path): digest for path, digest in _LINE.findall(head)}


def is_resolved(text: str) -> bool:
    """Whether Shipway resolved a lock: then it has all that is needed, by hash."""
    return text.startswith(_RESOLVED)
