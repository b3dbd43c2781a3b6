"""Who runs this command."""

from __future__ import annotations

import getpass
import os
import socket
from contextlib import suppress


def person() -> str:
    """`ann@laptop`; in GitHub Actions who started the workflow: `ann (GitHub Actions)`."""
    actor = os.environ.get("GITHUB_ACTOR")
    if actor:
        return f"{actor} (GitHub Actions)"
    with suppress(KeyError, OSError):
        return f"{getpass.getuser()}@{socket.gethostname()}"
    return "unknown"
