"""Who runs this command, and where."""

from __future__ import annotations

import getpass
import os
from contextlib import suppress


def current_user() -> str:
    """The person, as the workflow or this machine knows them."""
    with suppress(KeyError, OSError):
        return os.environ.get("GITHUB_ACTOR") or getpass.getuser()
    return "unknown"
