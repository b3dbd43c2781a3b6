"""Whether a service answers in its own language: that a port is open says nothing yet."""

from __future__ import annotations

import socket
import struct

_PROTOCOL = 196608  # 3.0 (postgresql.org, Message Formats: StartupMessage)


def answers(name: str, host: str, port: int, timeout: float = 2.0) -> bool:
    """Whether PostgreSQL asks who we are, or Redis says PONG."""
    ask, wanted = _ASKED[name]
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(ask)
            return connection.recv(16).startswith(wanted)
    except OSError:
        return False


def _startup() -> bytes:
    fields = b"user\0postgres\0database\0postgres\0\0"
    return struct.pack("!ii", len(fields) + 8, _PROTOCOL) + fields


# R: an authentication request; while it starts up it says E.
_ASKED = {"postgres": (_startup(), b"R"), "redis": (b"PING\r\n", b"+PONG")}
