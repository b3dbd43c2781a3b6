"""Requests to servers that answer well, badly, slowly, or not at all."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.fakes.http import ScriptedHttp
from tests.patience import PATIENCE

from shipway.errors import Unreachable
from shipway.ports import Response
from shipway.system.http import RealHttp, public_part

Answer = Callable[[socket.socket, bytes], None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """A server that reads a request and leaves the rest to `answer`; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stopping = threading.Event()

        def serve() -> None:
            while not stopping.is_set():
                client, _ = listener.accept()
                with client:
                    if not stopping.is_set():
                        answer(client, client.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            stopping.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join()


def says(data: bytes) -> Answer:
    return lambda client, _: client.sendall(data)


def test_status_headers_and_body_come_back() -> None:
    with server(says(b"HTTP/1.1 503 No\r\nX-Release: r1\r\nContent-Length: 4\r\n\r\nsick")) as url:
        answer = RealHttp().get(f"{url}/health")
    assert (answer.status, answer.headers["x-release"], answer.body) == (503, "r1", b"sick")


def test_a_cookie_is_not_kept_for_the_next_request() -> None:
    asked: list[bytes] = []

    def sticky(client: socket.socket, request: bytes) -> None:
        asked.append(request.lower())
        client.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: share=1\r\nContent-Length: 0\r\n\r\n")

    http = RealHttp()
    with server(sticky) as url:
        http.get(url)
        http.get(url)
    assert len(asked) == 2
    assert not any(b"cookie" in one for one in asked)


def test_a_redirect_is_returned_and_not_followed() -> None:
    found = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
    with server(says(found)) as url:
        answer = RealHttp().get(url)
    assert (answer.status, answer.headers["location"]) == (302, "/elsewhere")


def test_headers_are_sent_and_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    def echo(client: socket.socket, request: bytes) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request) + request)

    with server(echo) as url:
        body = RealHttp().get(f"{url}/a?b=c", headers={"X-Mine": "1"}).body
    assert body.startswith(b"GET /a?b=c HTTP/1.1")
    assert b"X-Mine: 1" in body


def test_nobody_there_is_unreachable_and_says_what_to_look_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match="does not answer") as caught:
        RealHttp().get(f"http://127.0.0.1:{port}/")
    assert "the log" in caught.value.remedy


@pytest.mark.parametrize(
    "data", [b"", b"this is not HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_an_answer_that_is_none_or_half_is_unreachable(data: bytes) -> None:
    with server(says(data)) as url, pytest.raises(Unreachable, match="does not answer"):
        RealHttp().get(url)


@pytest.mark.parametrize("url", ["http://", "http://[::1", "ftp://127.0.0.1/", "nothing"])
def test_an_address_that_is_none_is_unreachable(url: str) -> None:
    with pytest.raises(Unreachable):
        RealHttp().get(url)


def test_silence_ends_at_the_timeout() -> None:
    with server(lambda client, _: time.sleep(0.6)) as url, pytest.raises(Unreachable):
        RealHttp().get(url, timeout=0.2)


def test_an_answer_that_never_ends_is_cut_at_the_timeout() -> None:
    def drip(client: socket.socket, _: bytes) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        end = time.monotonic() + PATIENCE  # an answer that is waited for would be whole, and good
        try:
            while time.monotonic() < end:
                client.sendall(b".")
                time.sleep(0.05)
        except OSError:
            return  # the client has gone

    with server(drip) as url, pytest.raises(Unreachable, match=r"did not end within 0\.3 s"):
        RealHttp().get(url, timeout=0.3)


def test_a_scripted_answer_is_given_and_the_question_noted() -> None:
    def answer(url: str) -> Response:
        if url.endswith("/down"):
            raise Unreachable("nobody")
        return Response(200, {}, url.encode())

    http = ScriptedHttp(answer)
    assert http.get("http://a/up").body == b"http://a/up"
    with pytest.raises(Unreachable):
        http.get("http://a/down", timeout=1.0, headers={"X": "1"})
    assert http.asked == ["http://a/up", "http://a/down"]


def test_a_request_is_logged_without_its_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "shipway")
    with server(lambda client, _: client.sendall(b"HTTP/1.1 204 No\r\n\r\n")) as address:
        RealHttp().get(f"{address}/health?token=hidden")
    assert caplog.messages[0].startswith(f"GET {address}/health: 204 in ")
    assert "hidden" not in caplog.text


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://example.org/a/b?key=hidden#hidden", "https://example.org/a/b"),
        ("https://user:hidden@example.org:5000/a", "https://example.org:5000/a"),
        ("https://example.org?hidden", "https://example.org"),
        ("https://example.org/a@b", "https://example.org/a@b"),
    ],
)
def test_the_public_part_of_a_url_has_no_query_and_no_password(url: str, public: str) -> None:
    assert public_part(url) == public


@pytest.fixture
def named_server(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A server on this machine whose certificate is for shop.example.org; its port, and the
    certificate. It answers with the Host that it was asked by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example.org")])
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example.org")]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.headers["host"].encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, pem
    server.shutdown()
    server.server_close()


class Trusting(RealHttp):
    """RealHttp that trusts one certificate more."""

    def __init__(self, pem: Path) -> None:
        self.__dict__["_certificates"] = ssl.create_default_context(cafile=str(pem))


def test_a_server_can_be_asked_by_a_name_that_leads_elsewhere(
    named_server: tuple[int, Path],
) -> None:
    port, pem = named_server
    url = f"https://127.0.0.1:{port}/"
    answer = Trusting(pem).get(url, timeout=PATIENCE, headers={"Host": "shop.example.org"})
    assert answer.body == b"shop.example.org"


@pytest.mark.parametrize("headers", [{}, {"host": "other.example.org"}])
def test_a_certificate_for_another_name_is_refused(
    named_server: tuple[int, Path], headers: dict[str, str]
) -> None:
    port, pem = named_server
    with pytest.raises(Unreachable, match="certificate verify failed"):
        Trusting(pem).get(f"https://127.0.0.1:{port}/", timeout=PATIENCE, headers=headers)
