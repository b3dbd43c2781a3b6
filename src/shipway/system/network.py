"""Whether a service answers in its own language: that a port is open says nothing yet."""

from __future__ import annotations

import ipaddress
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from shipway.errors import Busy, ConfigError
from shipway.system.retry import call_within

# Addresses on this machine.

# Below the range that kernels lend to outgoing connections (Linux: 32768-60999), so that no
# client takes the port between our look and the server's start.
_PORTS = range(20_000, 32_000)
_TRIES = 100


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody uses at this moment. Raises Busy when there seems to be none."""
    for port in random.sample(_PORTS, _TRIES):
        with socket.socket() as listener:
            try:
                listener.bind((host, port))
            except OSError:
                continue
            return port
    raise Busy(f"no free port was found on {host}", "See what listens: ss -ltn.", code="port-taken")


def raise_if_foreign(host: str) -> None:
    """Raises ConfigError unless `host` is an address of this machine, in figures."""
    try:
        address = ipaddress.ip_address(host)
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        with socket.socket(family) as probe:
            probe.bind((host, 0))  # a kernel lends nobody another machine's address
        own = not address.is_multicast
    except (OSError, ValueError):
        own = False
    if not own:
        raise ConfigError(
            f"{host} is not an address of this machine", "Load is sent to 127.0.0.1 or the like."
        )


def name_resolves(
    host: str, seconds: float, lookup: Callable[[str, None], object] = socket.getaddrinfo
) -> bool:
    """False where nobody answers what a host's address is: getaddrinfo itself may wait for minutes.

    A name that does not exist counts as answered: whoever connects says so.
    """
    with suppress(OSError):
        try:
            call_within(seconds, lambda: lookup(host, None))
        except TimeoutError:
            return False
    return True


_PROTOCOL = 196608  # 3.0 (postgresql.org, Message Formats: StartupMessage)


def service_answers(name: str, host: str, port: int, timeout: float = 2.0) -> bool:
    """Whether a service of this kind is ready: PostgreSQL asks who we are, Redis says PONG."""
    ask, ready = _PROBES[name]
    try:
        with socket.create_connection((host, port), timeout) as connection:
            connection.settimeout(timeout)
            if ask:
                connection.sendall(ask)
            return ready(connection.recv(64))
    except OSError:
        return False


def _startup() -> bytes:
    fields = b"user\0postgres\0database\0postgres\0\0"
    return struct.pack("!ii", len(fields) + 8, _PROTOCOL) + fields


def _hello() -> bytes:
    """`{hello: 1, $db: "admin"}` as an OP_MSG (mongodb.com, Wire Protocol)."""
    fields = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0\x06\0\0\0admin\0\0"
    body = struct.pack("<iB", 0, 0) + struct.pack("<i", len(fields) + 4) + fields
    return struct.pack("<iiii", len(body) + 16, 1, 0, _OP_MSG) + body


def _begins(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda answer: answer.startswith(beginnings)


_OP_MSG = 2013
_GET = b"GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
_OK = _begins(b"HTTP/1.0 200", b"HTTP/1.1 200")
# What is sent, and whether the first bytes that come back are those of a server that is ready.
_PROBES: dict[str, tuple[bytes, Callable[[bytes], bool]]] = {
    # R: an authentication request; while it starts up it says E.
    "postgres": (_startup(), _begins(b"R")),
    "redis": (b"PING\r\n", _begins(b"+PONG")),
    # The server speaks first: a packet's length, its number 0, and the protocol's version 10.
    "mysql": (b"", lambda answer: answer[3:5] == b"\x00\x0a"),
    "mongodb": (_hello(), lambda answer: answer[12:16] == struct.pack("<i", _OP_MSG)),
    # A frame of type 1 on channel 0: the method Connection.Start.
    "rabbitmq": (b"AMQP\x00\x00\x09\x01", _begins(b"\x01\x00\x00")),
    "memcached": (b"version\r\n", _begins(b"VERSION")),
    "elasticsearch": (_GET % b"/", _OK),
    "opensearch": (_GET % b"/", _OK),
    "s3": (_GET % b"/moto-api/", _OK),
}
