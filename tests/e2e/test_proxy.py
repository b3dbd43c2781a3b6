"""What proxies break works through Envoy as without it, also while traffic is moved."""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from gunicorn.config import Keepalive
from tests.patience import PATIENCE
from websockets.sync.client import connect

from shipway.config.schema import Environment
from shipway.errors import Busy
from shipway.ports import Command, Server
from shipway.rollouts.local.envoy import RELEASE_HEADER, cluster, probes_of
from shipway.rollouts.local.proxy import EnvoyProxy, TrafficSplit
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp
from shipway.system.network import free_port
from shipway.system.process import SystemProcesses

pytestmark = pytest.mark.e2e

MODULE = "tests.e2e.streaming_application:application"


def instance(folder: Path) -> tuple[str, Server]:
    """The address and the process of one instance that is ready."""
    address = f"127.0.0.1:{free_port()}"
    argv = (sys.executable, "-m", "hypercorn", "--bind", address, MODULE)
    command = Command(argv, str(Path(__file__).parents[2]), {})
    server = SystemProcesses().spawn(command, str(folder / f"{address}.log"))
    host, _, port = address.partition(":")
    clock = SystemClock()
    end = clock.monotonic() + PATIENCE
    while clock.monotonic() < end:
        with closing(socket.socket()) as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return address, server
        clock.sleep(0.05)
    raise AssertionError(Path(folder / f"{address}.log").read_text())


@contextmanager
def proxied(folder: Path, addresses: list[str], *, http2: bool = False) -> Iterator[EnvoyProxy]:
    """A proxy that sends everybody to these instances."""
    proxy = EnvoyProxy(
        folder=str(folder / "envoy"),
        settings=Environment(port=free_port()),
        protocol="http2" if http2 else "http1",
        processes=SystemProcesses(),
        http=RealHttp(),
        clock=SystemClock(),
        shares=TrafficSplit({"stable": addresses}, {"stable": 100.0}),
    )
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxy")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """An instance's own address."""
    host, server = instance(folder)
    yield host
    SystemProcesses().stop(server, 1.0)


@pytest.fixture(scope="module")
def port(folder: Path, address: str) -> Iterator[int]:
    """The port of a proxy before it."""
    with proxied(folder, [address]) as proxy:
        yield proxy.settings.port


def ask(port: int, path: str, headers: dict[str, str] | None = None) -> Any:
    """The application's answer: what it was asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(connection):
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        return json.loads(answer.read())


def test_a_websocket_talks_through_it(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/chat", open_timeout=PATIENCE) as client:
        client.send("Ward 79800001")
        assert client.recv(timeout=PATIENCE) == "Ward 79800001"


def test_an_event_arrives_before_the_next_one_is_sent(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(connection):
        connection.request("GET", f"/events?pause={10 * PATIENCE}")
        assert connection.getresponse().readline() == b"data: 1\n"


def test_a_client_of_http_2_is_understood(port: int) -> None:
    import h2.config
    import h2.connection
    import h2.events

    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)) as channel:
        client = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        client.initiate_connection()
        names = (":method", ":scheme", ":authority", ":path")
        request = list(zip(names, ("GET", "http", "localhost", "/"), strict=True))
        client.send_headers(client.get_next_available_stream_id(), request, end_stream=True)
        channel.sendall(client.data_to_send())
        responses: list[h2.events.ResponseReceived] = []
        while not responses:
            events = client.receive_data(channel.recv(65536))
            responses = [e for e in events if isinstance(e, h2.events.ResponseReceived)]
        assert dict(responses[0].headers)[":status"] == "200"


def test_a_client_of_http_1_0_is_understood(port: int) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)) as channel:
        channel.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 200 " in channel.makefile("rb").readline()


def test_a_client_that_offers_http_2_by_an_upgrade_is_answered_by_http_1(port: int) -> None:
    # As Java's HttpClient and `curl --http2` ask at first.
    offer = {
        "Connection": "Upgrade, HTTP2-Settings",
        "Upgrade": "h2c",
        "HTTP2-Settings": "AAMAAABk",
    }
    assert ask(port, "/", offer)["http_version"] == "1.1"


def test_a_large_upload_is_passed_on(port: int) -> None:
    size = 32 << 20
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(connection):
        pieces = (b"x" * 65536 for _ in range(size // 65536))
        connection.request("POST", "/upload", body=pieces, encode_chunked=True)
        assert json.loads(connection.getresponse().read()) == {"size": size}


def test_many_and_large_headers_are_passed_on(folder: Path) -> None:
    headers = [f"X-{number}: {'v' * 7000}" for number in range(120)]
    reply = ["HTTP/1.1 200 OK", "Content-Length: 0", *headers, "", ""]
    request = ["GET / HTTP/1.1", "Host: localhost", *headers, "", ""]
    with (
        answering("\r\n".join(reply).encode()) as (address, asked),
        proxied(folder / "headers", [address]) as proxy,
        closing(socket.create_connection(("127.0.0.1", proxy.settings.port))) as channel,
    ):
        channel.settimeout(PATIENCE)
        channel.sendall("\r\n".join(request).encode())
        answer = until_blank_line(channel)
    assert answer.lower().count(b"\r\nx-") >= 120
    assert asked[0].lower().count(b"\r\nx-") >= 120


def test_trailers_are_passed_on_in_both_directions(folder: Path) -> None:
    body = b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n"
    with (
        answering(b"HTTP/1.1 200 OK\r\n" + body) as (address, asked),
        proxied(folder / "trailers", [address]) as proxy,
        closing(socket.create_connection(("127.0.0.1", proxy.settings.port))) as channel,
    ):
        channel.settimeout(PATIENCE)
        channel.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\n" + body)
        answer = until_blank_line(channel, 2)
    assert b"x-sum: 7" in answer.lower()
    assert b"x-sum: 7" in asked[0].lower()


def test_paths_and_headers_of_the_application_are_left_as_they_are(port: int, address: str) -> None:
    path = "//a/%2F/../b;c?d=%20"
    direct = ask(int(address.rpartition(":")[2]), path, {"under_score": "kept"})
    through = ask(port, path, {"under_score": "kept"})
    assert through["path"] == direct["path"]
    assert ["under_score", "kept"] in through["headers"]


def test_the_servers_own_name_is_kept(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(connection):
        connection.request("GET", "/")
        assert connection.getresponse().headers["server"].startswith("an-application")


def test_a_websocket_goes_on_while_new_requests_go_to_the_next_release(folder: Path) -> None:
    (old, first), (new, second) = instance(folder), instance(folder)
    try:
        with (
            proxied(folder / "moved", [old]) as proxy,
            connect(f"ws://127.0.0.1:{proxy.settings.port}/chat", open_timeout=PATIENCE) as client,
        ):
            client.send("before")
            assert client.recv(timeout=PATIENCE) == "before"
            proxy.route(TrafficSplit({"candidate": [new]}, {"candidate": 100.0}))
            client.send("after")
            assert client.recv(timeout=PATIENCE) == "after"
    finally:
        for server in (first, second):
            SystemProcesses().stop(server, 1.0)


def test_grpc_passes_where_the_application_speaks_http_2(folder: Path) -> None:
    method = grpc.unary_unary_rpc_method_handler(lambda request, context: request.upper())
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler("wards.Wards", {"Name": method})]
    )
    number = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with (
            proxied(folder / "grpc", [f"127.0.0.1:{number}"], http2=True) as proxy,
            grpc.insecure_channel(f"127.0.0.1:{proxy.settings.port}") as channel,
        ):
            call = channel.unary_unary("/wards.Wards/Name")
            assert call(b"newlands", timeout=PATIENCE) == b"NEWLANDS"
    finally:
        server.stop(0)


def test_an_idle_connection_is_closed_before_the_applications_server_does(folder: Path) -> None:
    """Whoever sent a request on it in that moment would get a 503 (Envoy's flag UC)."""
    kept = cluster("", "stable")["typed_extension_protocol_options"]
    limits = [options["common_http_protocol_options"] for options in kept.values()]
    assert all(0 < float(limit["idle_timeout"].rstrip("s")) < Keepalive.default for limit in limits)
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as listener,
        proxied(folder / "idle", [f"127.0.0.1:{listener.getsockname()[1]}"]) as proxy,
        ThreadPoolExecutor(1) as pool,
    ):
        listener.settimeout(PATIENCE)
        kept_open = pool.submit(served_once, listener)
        connection = http.client.HTTPConnection("127.0.0.1", proxy.settings.port, timeout=PATIENCE)
        with closing(connection):
            connection.request("GET", "/")
            assert connection.getresponse().status == 200
            assert kept_open.result() == b""


def served_once(listener: socket.socket) -> bytes:
    """Answer one request and keep the connection; what comes on it then, nothing for its end."""
    channel, _ = listener.accept()
    with closing(channel):
        channel.settimeout(PATIENCE)
        until_blank_line(channel)
        channel.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return channel.recv(1)


def test_one_instance_that_has_ended_costs_no_request_however_many_come_at_once(
    folder: Path, address: str
) -> None:
    """Envoy by itself tries three requests at a time again, and refuses the others (flag UO)."""
    nobody = f"127.0.0.1:{free_port()}"
    with proxied(folder / "ended", [address, nobody]) as proxy, ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: status(proxy.settings.port), range(600)))
    assert set(answers) == {200}


def status(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().status


def test_a_request_counts_as_sent_once_whether_it_is_answered_hangs_or_fails(folder: Path) -> None:
    dead = f"127.0.0.1:{free_port()}"
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as silent,
        proxied(folder / "sent", [f"127.0.0.1:{silent.getsockname()[1]}"]) as proxy,
    ):
        with pytest.raises(TimeoutError):
            request = http.client.HTTPConnection("127.0.0.1", proxy.settings.port, timeout=1.0)
            with closing(request):
                request.request("GET", "/")
                request.getresponse()
        counted = proxy.read()["stable"]
        assert (counted.sent, counted.requests) == (1, 0)
        proxy.route(TrafficSplit({"stable": [dead]}, {"stable": 100.0}))
        with pytest.raises(AssertionError):
            ask(proxy.settings.port, "/")
        counted = proxy.read()["stable"]
        assert (counted.sent, counted.requests, counted.errors) == (2, 1, 1)


def test_probes_are_counted_apart_from_what_people_ask(folder: Path, address: str) -> None:
    with proxied(folder / "kinds", [address]) as proxy:
        ask(proxy.settings.port, "/")
        for _ in range(3):
            ask(proxy.inner, "/", {RELEASE_HEADER: "stable"})
        counted = proxy.read()
        assert (counted["stable"].requests, counted[probes_of("stable")].requests) == (1, 3)


@contextmanager
def answering(reply: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives one reply to one request, byte by byte as it is written here."""
    asked: list[bytes] = []
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(PATIENCE)

        def serve() -> None:
            channel, _ = listener.accept()
            with closing(channel):
                channel.settimeout(PATIENCE)
                asked.append(until_blank_line(channel, 1 + (b"Trailer:" in reply)))
                channel.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join()


def until_blank_line(channel: socket.socket, count: int = 1) -> bytes:
    """What comes until the count-th blank line."""
    data = b""
    while data.count(b"\r\n\r\n") < count and (piece := channel.recv(65536)):
        data += piece
    return data


def test_only_its_owner_can_ask_its_administration(folder: Path, address: str) -> None:
    with proxied(folder / "admin", [address]) as proxy:
        assert proxy.read() is not None
        assert listening_ports(proxy.pid) == {proxy.settings.port, proxy.inner}
        socket_path = Path(proxy.admin_socket)
        assert stat.S_ISSOCK(socket_path.stat().st_mode)
        assert stat.S_IMODE(socket_path.stat().st_mode) == 0o600
        assert stat.S_IMODE(socket_path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "admin" / "envoy").stat().st_mode) == 0o700
    assert not socket_path.exists()


def test_a_folder_whose_path_is_too_long_for_a_socket_has_it_elsewhere(
    folder: Path, address: str
) -> None:
    with proxied(folder / ("long" * 30), [address]) as proxy:
        assert proxy.read() is not None
        assert len(os.fsencode(proxy.admin_socket)) < 108
        assert stat.S_IMODE(Path(proxy.admin_socket).parent.stat().st_mode) == 0o700
    assert not Path(proxy.admin_socket).parent.exists()


class Overtaken(SystemProcesses):
    """Somebody takes the port between the look whether it is free and the proxy's start."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.other = socket.socket()
        self._port = port

    def spawn(self, command: Command, log: str) -> Server:
        self.other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.other.bind(("127.0.0.1", self._port))
        self.other.listen()
        return super().spawn(command, log)


def test_two_proxies_never_share_a_port(folder: Path, address: str) -> None:
    processes = Overtaken(port := free_port())
    proxy = EnvoyProxy(
        folder=str(folder / "second"),
        settings=Environment(port=port),
        processes=processes,
        http=RealHttp(),
        clock=SystemClock(),
        shares=TrafficSplit({"stable": [address]}, {"stable": 100.0}),
    )
    with closing(processes.other), pytest.raises(Busy, match=f"port {port} on .* is taken"):
        proxy.start()
    assert not proxy.alive()


def listening_ports(pid: int) -> set[int]:
    """The TCP ports on which a process listens."""
    own = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            own.add(os.readlink(path))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        int(row[1].rpartition(":")[2], 16)
        for row in rows
        if row[3] == "0A" and f"socket:[{row[9]}]" in own
    }
