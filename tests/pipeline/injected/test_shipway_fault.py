"""Faults inside real servers: gunicorn for WSGI, uvicorn for ASGI."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.patience import PATIENCE, until

from shipway.errors import Unreachable
from shipway.pipeline.injected import HERE
from shipway.ports import Response
from shipway.rehearsal.faults import (
    SLOW_PATH,
    STREAM_PATH,
    fault_order,
    mount_path,
    parse_fault,
    wrap_command,
)
from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e

HTTP = RealHttp()  # it reads the certificates once
APPS = """
import time
def wsgi(environ, start):
    time.sleep(0.1 if environ["PATH_INFO"] == "/work" else 0)
    start("200 OK", [("X-Release", "wrong"), ("Content-Type", "text/plain")])
    return [b"hello from wsgi"]

import asyncio
async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    await asyncio.sleep(0.1 if scope["path"] == "/work" else 0)
    head = {"type": "http.response.start", "status": 200, "headers": [(b"x-release", b"wrong")]}
    await send(head)
    await send({"type": "http.response.body", "body": b"hello from asgi"})

def make():
    return asgi

def forge(text, word):
    def made(environ, start):
        start("200 OK", [("Content-Type", "text/plain")])
        return [f"{text} {word}".encode()]
    return made
"""
SERVES = {
    "wsgi": "gunicorn --threads 2 --bind {bind} tiny:wsgi",
    "asgi": "uvicorn --host 127.0.0.1 --port {port} tiny:asgi",
}
FACTORY = "uvicorn --host 127.0.0.1 --port {port} --factory tiny:make"
BOTH = pytest.mark.parametrize("serve", SERVES.values(), ids=SERVES)


class Site:
    """One server that is up."""

    def __init__(self, port: int, trigger: Path) -> None:
        self.port = port
        self.trigger = trigger

    def get(self, path: str, timeout: float = PATIENCE, **headers: str) -> Response:
        url = f"http://127.0.0.1:{self.port}{path}"
        return HTTP.get(url, timeout=timeout, headers=headers)


@contextmanager
def served(
    folder: Path, serve: str, fault: str, release: str = "two", health: str = "/health"
) -> Iterator[Site]:
    """An application with a fault in its release "two", once its server answers."""
    (folder / "tiny.py").write_text(APPS)
    port, trigger = free_port(), folder / "trigger"
    drill = wrap_command(serve, health, HERE, "")
    order = fault_order(parse_fault(fault), "two", str(trigger)) if fault else {}
    words = drill.serve.replace("{bind}", f"127.0.0.1:{port}").replace("{port}", str(port))
    program, *rest = shlex.split(words)
    path = os.path.join(os.path.dirname(sys.executable), program)
    env = {**os.environ, **drill.env, **order, "RELEASE": release}
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [path, *rest], cwd=folder, env=env, stdout=log, stderr=log, start_new_session=True
        )
    site = Site(port, trigger)
    try:
        until(lambda: _answers(site, process, folder / "log", health))
        yield site
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # workers that hang, too
        process.wait()


def _answers(site: Site, process: subprocess.Popen[bytes], log: Path, health: str) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return site.get(health, timeout=5.0).status > 0
    except Unreachable:
        return False


@BOTH
def test_without_a_fault_only_the_signature_is_added(serve: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, "") as site:
        answer = site.get("/")
        assert (answer.status, answer.headers["x-release"]) == (200, "two")
        assert answer.body.startswith(b"hello from")


def test_a_factory_is_wrapped(tmp_path: Path) -> None:
    with served(tmp_path, FACTORY, "error=100%") as site:
        assert (site.get("/").status, site.get("/health").status) == (500, 200)


@BOTH
def test_only_the_named_release_has_the_fault(serve: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, "error=100%", release="one") as site:
        assert site.get("/").status == 200


@BOTH
def test_errors_are_a_share_and_health_stays_good(serve: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, "error=50%") as site:
        answers = [site.get("/") for _ in range(60)]
        assert {one.status for one in answers} == {200, 500}
        assert 10 < sum(one.status == 500 for one in answers) < 50
        assert {one.headers["x-release"] for one in answers} == {"two"}
        assert {site.get("/health").status for _ in range(10)} == {200}


@BOTH
def test_a_user_who_asks_for_the_health_check_is_a_user(serve: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, "error=100%") as site:
        through = {"X-Forwarded-For": "203.0.113.7"}  # as the proxy says
        assert (site.get("/health").status, site.get("/health", **through).status) == (200, 500)


@BOTH
@pytest.mark.parametrize("fault", ["slow=4x", "slow=300ms"])
def test_slow_takes_longer(serve: str, fault: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, fault) as site:
        begun = time.monotonic()
        assert site.get("/work").status == 200
        assert time.monotonic() - begun > 0.39


@BOTH
def test_slow_does_not_touch_health(serve: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, "slow=60s") as site:  # it would be too late
        assert site.get("/health", timeout=50.0).status == 200


@BOTH
def test_never_healthy_is_only_said_by_the_health_check(serve: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, "never-healthy") as site:
        assert (site.get("/health").status, site.get("/").status) == (503, 200)


@BOTH
def test_a_crash_comes_with_its_file_and_not_before(serve: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, "crash-at=40%") as site:
        assert site.get("/").status == 200
        site.trigger.touch()
        with pytest.raises(Unreachable):
            site.get("/")


@BOTH
def test_what_hangs_answers_well_at_first_and_then_nothing(serve: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, "hang") as site:
        assert {site.get(path).status for _ in range(20) for path in ("/", "/health")} == {200}
        for path in ("/", "/health"):
            with pytest.raises(Unreachable):
                site.get(path, timeout=0.5)


@BOTH
def test_slow_and_streamed_requests_take_their_time(serve: str, tmp_path: Path) -> None:
    with served(tmp_path, serve, "") as site:
        for path in (SLOW_PATH, STREAM_PATH):
            begun = time.monotonic()
            answer = site.get(path)
            assert time.monotonic() - begun >= 0.5
            assert (answer.status, len(answer.body.splitlines())) == (200, 5)
            assert answer.headers["x-release"] == "two"


MOUNTED = {
    "wsgi": "gunicorn --threads 2 --env SCRIPT_NAME=/shop --bind {bind} tiny:wsgi",
    "asgi": "uvicorn --root-path /shop --host 127.0.0.1 --port {port} tiny:asgi",
}


@pytest.mark.parametrize("kind", MOUNTED)
def test_below_a_mount_the_same_paths_are_answered(kind: str, tmp_path: Path) -> None:
    serve = MOUNTED[kind]
    mount = mount_path(serve, {})
    health = "/shop/health" if kind == "wsgi" else "/health"
    with served(tmp_path, serve, "error=100%", health=health) as site:
        assert (site.get(f"{mount}/").status, site.get(health).status) == (500, 200)
    with served(tmp_path, serve, "", health=health) as site:
        for path in (mount + SLOW_PATH, mount + STREAM_PATH):
            answer = site.get(path)
            assert (answer.status, len(answer.body.splitlines())) == (200, 5)


def test_a_factory_gets_the_arguments_that_the_command_has(tmp_path: Path) -> None:
    serve = "gunicorn --bind {bind} \"tiny:forge('from', word='factory')\""
    with served(tmp_path, serve, "") as site:
        assert site.get("/").body == b"from factory"


def test_the_paths_are_the_same_on_both_sides() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import shipway_fault as f; print(f.SLOW_PATH, f.STREAM_PATH)"],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [SLOW_PATH, STREAM_PATH]
