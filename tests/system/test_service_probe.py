"""Whether a service answers in its own language."""

from __future__ import annotations

import socket
import threading

import pytest

from shipway.system.network import service_answers

POSTGRES = b"\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0"


def served(said: bytes, *, speaks_first: bool = False) -> tuple[int, list[bytes]]:
    """The port of a server that says one thing, and what it was asked."""
    server = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        with server, server.accept()[0] as one:
            if speaks_first:
                one.sendall(said)
            else:
                asked.append(one.recv(100))
                one.sendall(said)

    threading.Thread(target=serve, daemon=True).start()
    return server.getsockname()[1], asked


@pytest.mark.parametrize(
    ("name", "said", "well"),
    [
        ("redis", b"+PONG\r\n", True),
        ("redis", b"-LOADING\r\n", False),
        ("redis", b"", False),
        ("postgres", b"R\0\0\0\x08\0\0\0\x03", True),
        ("postgres", b"E\0\0\0\x10", False),
        ("mysql", b"\x5a\0\0\0\x0a10.11", True),
        ("mysql", b"\x10\0\0\0\xffHost", False),
        ("mysql", b"", False),
        ("mongodb", b"\0" * 12 + b"\xdd\x07\0\0", True),
        ("mongodb", b"\0" * 12 + b"\x01\0\0\0", False),
        ("rabbitmq", b"\x01\0\0\0\0\x01\xf2\0\x0a", True),
        ("rabbitmq", b"AMQP\0\0\x09\x01", False),
        ("memcached", b"VERSION 1.6\r\n", True),
        ("memcached", b"ERROR\r\n", False),
        ("elasticsearch", b"HTTP/1.1 200 OK\r\n", True),
        ("opensearch", b"HTTP/1.1 503 Service Unavailable\r\n", False),
        ("s3", b"HTTP/1.0 200 OK\r\n", True),
    ],
)
def test_an_answer_counts_and_nothing_else(name: str, said: bytes, well: bool) -> None:
    port, asked = served(said, speaks_first=name == "mysql")
    assert service_answers(name, "127.0.0.1", port) is well
    assert name not in ("redis", "postgres") or asked[0] in (b"PING\r\n", POSTGRES)


def test_nobody_there_is_no_answer() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert not service_answers("redis", "127.0.0.1", port, timeout=0.5)
