"""Whether a service answers in its own language."""

from __future__ import annotations

import socket
import threading

import pytest

from shipway.system.network import service_answers


def served(said: bytes) -> tuple[int, list[bytes]]:
    """The port of a server that says one thing, and what it was asked."""
    server = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        with server, server.accept()[0] as one:
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
    ],
)
def test_an_answer_counts_and_nothing_else(name: str, said: bytes, well: bool) -> None:
    port, asked = served(said)
    assert service_answers(name, "127.0.0.1", port) is well
    assert asked[0] == b"PING\r\n" or b"user\0postgres\0" in asked[0]


def test_nobody_there_is_no_answer() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert not service_answers("redis", "127.0.0.1", port, timeout=0.5)
