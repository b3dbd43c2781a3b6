"""What a lock that Shipway resolved says of itself: the files that it was made from."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LINE = re.compile(r"^# from (\S+) sha256:([0-9a-f]{64})$", re.MULTILINE)


def lock_header(digests: Mapping[str, str]) -> str:
    """Comment lines for the head of a lock. digests: path → SHA-256 of the file, in hexadecimal.

    A path with spaces is left out: it could not be read back.
    """
    lines = [
        f"# from {path} sha256:{digest}\n"
        for path, digest in digests.items()
        if not re.search(r"\s", path)
    ]
    return "".join(
        ("# Resolved by `shipway init`; `shipway init --relock` does it again.\n", *lines)
    )


def lock_inputs(text: str) -> dict[str, str]:
    """path → SHA-256 of what a lock was made from; empty for a lock that somebody else made."""
    head = "\n".join(line for line in text.splitlines()[:40] if line.startswith("#"))
    return dict(_LINE.findall(head))
