"""TLS in front of a server that speaks none, as stunnel would do it."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread


class _Handler(BaseRequestHandler):
    """One client's connection: shake hands, then carry bytes both ways until one side ends."""

    def handle(self) -> None:
        assert isinstance(self.server, _Front)
        try:
            client = self.server.tls.wrap_socket(self.request, server_side=True)
        except OSError:  # a client that does not trust the certificate hangs up
            return
        self.server.handshakes.append(client.version() or "")
        with client, socket.create_connection(("127.0.0.1", self.server.behind)) as plain:
            back = Thread(target=_carry, args=(plain, client), daemon=True)
            back.start()
            _carry(client, plain)
            back.join()


class _Front(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, behind: int, tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.tls = tls
        self.handshakes: list[str] = []


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # the other direction has closed both
        return


@contextmanager
def tls_front(behind: int, tls: ssl.SSLContext) -> Iterator[tuple[int, list[str]]]:
    """A port that speaks TLS for the port `behind`, and the handshakes that succeeded there."""
    with _Front(behind, tls) as front:
        Thread(target=front.serve_forever, args=(0.02,), daemon=True).start()
        yield front.server_address[1], front.handshakes
        front.shutdown()
