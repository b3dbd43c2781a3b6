"""Real Envoy, real gunicorn, a client that never stops asking."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipway.core.config import Application, Config, Environment, Smoke
from shipway.core.errors import Busy, ConfigError
from shipway.core.outcome import Verdict
from shipway.core.release import Release
from shipway.core.watching import Lines
from shipway.effects.address import free_port
from shipway.effects.clock import SystemClock
from shipway.effects.http import RealHttp
from shipway.effects.process import SystemProcesses
from shipway.effects.record import SqliteRecord
from shipway.platforms.local.platform import LocalPlatform

pytestmark = pytest.mark.e2e

GOOD = """
import os, time
def app(environ, start):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1)
    start("200 OK", [("X-Release", os.environ["RELEASE"]), ("Content-Type", "application/json")])
    return [b'{"ok": true}']
"""
SICK = "def app(environ, start):\n    start('500 No', [])\n    return [b'']\n"
CRASHES = "raise RuntimeError('this release cannot start')\n"
HANGS = "import time\ntime.sleep(600)\n"


class Client:
    """Keeps asking, on kept and on fresh connections, and counts what comes back."""

    def __init__(self, port: int) -> None:
        self.seen: Counter[str] = Counter()
        self._port = port
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(kept, path))
            for kept, path in ((True, "/"), (False, "/"), (False, "/slow"))
        ]

    def __enter__(self) -> Client:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def failed(self) -> int:
        return sum(count for what, count in self.seen.items() if not what.startswith("200"))

    def _ask(self, kept: bool, path: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        while not self._stop.is_set():
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                self.seen[f"{answer.status} {answer.headers.get('X-Release')}"] += 1
            except OSError as error:
                self.seen[repr(error)] += 1
            if not kept:
                connection.close()
            time.sleep(0.01)
        connection.close()


class Site:
    """An environment in a folder of its own."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.record = SqliteRecord(str(folder / "record.sqlite3"))
        self.config = Config(
            application=Application(
                name="tiny", serve="gunicorn --bind {bind} --threads 4 app:app", health="/health"
            ),
            environments={
                "local": Environment(
                    port=self.port, instances=2, health_timeout=4, drain_timeout=5, bake=0,
                    smoke=(Smoke("/", json={"ok": True}),),
                )
            },
        )  # fmt: skip

    def set(self, **settings: Any) -> None:
        """Change the environment's settings."""
        changed = replace(self.config.environments["local"], **settings)
        self.config = replace(self.config, environments={"local": changed})

    def platform(self) -> LocalPlatform:
        return LocalPlatform(
            self.config, "local", str(self.folder), SystemProcesses(), RealHttp(), SystemClock(),
            self.record,
        )  # fmt: skip

    def release(self, version: str, code: str) -> Release:
        path = self.folder / version
        path.mkdir()
        (path / "app.py").write_text(code)
        digest = version.encode().hex().ljust(64, "0")
        return Release("tiny", version, "", digest, "", (), str(path), sys.executable)


quiet = Lines(print)


def test_rolling_forward_and_back_fails_no_request(site: Site) -> None:
    one, two = site.release("1.0", GOOD), site.release("2.0", GOOD)
    assert site.platform().deploy(one, quiet).verdict is Verdict.PASSED
    with Client(site.port) as client:
        time.sleep(0.5)
        receipt = site.platform().deploy(two, quiet)
        time.sleep(0.5)
        back = site.platform().rollback("", quiet)
        time.sleep(0.5)
    assert (receipt.verdict, back.verdict) == (Verdict.PASSED, Verdict.PASSED)
    assert client.failed == 0, client.seen
    assert set(client.seen) == {f"200 {one.name}", f"200 {two.name}"}
    assert back.release == one.name
    assert receipt.requests > 20
    assert receipt.failed == 0
    assert site.platform().status()["release"] == one.name


@pytest.mark.parametrize(
    ("code", "words"),
    [(SICK, "/health answers 500"), (CRASHES, "ended while it was starting"),
     (HANGS, "/health does not answer")],
)  # fmt: skip
def test_a_bad_release_is_rolled_back_and_the_old_one_never_stops(
    site: Site, code: str, words: str
) -> None:
    good = site.release("1.0", GOOD)
    site.platform().deploy(good, quiet)
    with Client(site.port) as client:
        receipt = site.platform().deploy(site.release("2.0", code), quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert words in receipt.cause
    assert client.failed == 0, client.seen
    assert set(client.seen) == {f"200 {good.name}"}
    status = site.platform().status()
    assert status["release"] == good.name
    assert [one["health"] for one in status["instances"]] == ["ok", "ok"]


def test_a_failed_smoke_test_brings_the_old_release_back(site: Site) -> None:
    good = site.release("1.0", GOOD)
    site.platform().deploy(good, quiet)
    wrong = site.release("2.0", GOOD.replace('{"ok": true}', '{"ok": false}'))
    receipt = site.platform().deploy(wrong, quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "smoke test failed: / has False at ok instead of True" in receipt.cause
    assert {one["release"] for one in site.platform().status()["instances"]} == {good.name}


def test_a_failing_migration_moves_nothing(site: Site) -> None:
    site.config = Config(
        application=Application(name="tiny", serve="unused", migrate="false"),
        environments=site.config.environments,
    )
    receipt = site.platform().deploy(site.release("1.0", GOOD), quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "the migration ended with 1" in receipt.cause
    assert site.platform().status()["instances"] == []


def test_the_next_command_heals_what_was_killed(site: Site) -> None:
    one = site.release("1.0", GOOD)
    site.platform().deploy(one, quiet)
    platform = site.platform()
    killed = platform.running[0].pid
    os.killpg(killed, signal.SIGKILL)
    os.killpg(platform.proxy.pid, signal.SIGKILL)
    time.sleep(0.3)
    said: list[str] = []
    assert site.platform().deploy(one, Lines(said.append)).verdict is Verdict.PASSED
    assert any("had ended: replaced" in line for line in said)
    assert any("Envoy was not running" in line for line in said)
    status = site.platform().status()
    assert killed not in {instance["pid"] for instance in status["instances"]}
    assert RealHttp().get(f"http://127.0.0.1:{site.port}/").status == 200


def test_the_same_release_again_does_nothing(site: Site) -> None:
    one = site.release("1.0", GOOD)
    site.platform().deploy(one, quiet)
    before = [instance.pid for instance in site.platform().running]
    said: list[str] = []
    site.platform().deploy(one, Lines(said.append))
    assert "runs already" in said[-1]
    assert [instance.pid for instance in site.platform().running] == before


def test_a_port_of_somebody_else_is_named_and_nothing_is_left(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", site.port))
        other.listen()
        receipt = site.platform().deploy(site.release("1.0", GOOD), quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert f"port {site.port} on 127.0.0.1 is taken" in receipt.cause
    assert site.platform().status()["instances"] == []


def test_two_commands_at_once_are_kept_apart(site: Site) -> None:
    platform = site.platform()
    with platform.site.lease.held(), pytest.raises(Busy, match="another command works on local"):
        site.platform().down()


def test_without_an_earlier_release_there_is_nothing_to_go_back_to(site: Site) -> None:
    with pytest.raises(ConfigError, match="no earlier good release"):
        site.platform().rollback("", quiet)
    with pytest.raises(ConfigError, match="no environment is named"):
        LocalPlatform(
            site.config, "moon", str(site.folder), SystemProcesses(), RealHttp(), SystemClock(),
            site.record,
        )  # fmt: skip


def test_down_stops_everything_and_keeps_the_data(site: Site) -> None:
    site.platform().deploy(site.release("1.0", GOOD), quiet)
    (site.folder / "environments/local/data").mkdir(exist_ok=True)
    servers = [instance.server for instance in site.platform().running]
    assert site.platform().down() == 3
    assert not any(SystemProcesses().alive(server) for server in servers)
    assert (site.folder / "environments/local/data").is_dir()
    assert list(site.platform().logs()) == []
