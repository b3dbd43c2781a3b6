"""Where Envoy's administration listens: a socket that only its owner can reach.

On a TCP port every user of the machine, and every web page in a browser on it, could post
`/quitquitquit`, or `/reset_counters`, which keeps a bad release alive.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from urllib.parse import quote

LONGEST = 107  # bytes of a socket's path: unix(7)
MODE = 0o600
_NAME = "admin.sock"


def new_socket_path(folder: str) -> str:
    """The path for a socket below `folder`, which is there and private.

    Elsewhere where it would be too long: below $XDG_RUNTIME_DIR, which is short and private
    itself, or in a folder of its own among the temporary files.
    """
    path = os.path.join(folder, _NAME)
    if len(os.fsencode(path)) <= LONGEST:
        with suppress(FileNotFoundError):
            os.unlink(path)
        return path
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    parent = runtime if runtime and os.path.isdir(runtime) else None
    return os.path.join(tempfile.mkdtemp(prefix="shipway-", dir=parent), _NAME)


def remove_socket(path: str, folder: str) -> None:
    """The socket, and the folder that was made for it."""
    with suppress(OSError):
        os.unlink(path)
    if os.path.dirname(path) != folder:
        with suppress(OSError):  # not empty: it is somebody else's
            os.rmdir(os.path.dirname(path))


def socket_url(path: str) -> str:
    """The start of the URLs that are asked there (system/http.py)."""
    return f"http+unix://{quote(path, safe='')}"
