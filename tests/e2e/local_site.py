"""An environment on this machine with real servers, and somebody who never stops asking them."""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

from shipway.config.schema import Application, Config, Environment, Smoke
from shipway.releases.release import Release
from shipway.rollouts.events import LineListener
from shipway.rollouts.local.platform import LocalPlatform
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp
from shipway.system.network import free_port
from shipway.system.process import SystemProcesses
from shipway.system.record import SqliteRecord

GOOD = """
import os, time
def app(environ, start):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1)
    start("200 OK", [("X-Release", os.environ["RELEASE"]), ("Content-Type", "application/json")])
    return [b'{"ok": true}']
"""


class Client:
    """Keeps asking, on kept and on fresh connections, and counts what comes back."""

    def __init__(self, port: int, *, gives_up_after: float = PATIENCE) -> None:
        self.seen: Counter[str] = Counter()
        self._port = port
        self._gives_up_after = gives_up_after
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
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=self._gives_up_after
        )
        while not self._stop.is_set():
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                self.seen[f"{answer.status} {answer.headers.get('X-Release')}"] += 1
            except OSError as error:
                self.seen[repr(error)] += 1
                connection.close()
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
                    port=self.port,
                    instances=2,
                    health_timeout=60,
                    drain_timeout=5,
                    bake=0,
                    smoke=(Smoke("/", json={"ok": True}),),
                )
            },
        )

    def set(self, **settings: Any) -> None:
        """Change the environment's settings."""
        changed = replace(self.config.environments["local"], **settings)
        self.config = replace(self.config, environments={"local": changed})

    def platform(self) -> LocalPlatform:
        return LocalPlatform(
            self.config,
            "local",
            str(self.folder),
            SystemProcesses(),
            RealHttp(),
            SystemClock(),
            self.record,
        )

    def release(self, version: str, code: str) -> Release:
        path = self.folder / version
        path.mkdir()
        (path / "app.py").write_text(code)
        digest = version.encode().hex().ljust(64, "0")
        return Release(
            application="tiny",
            version=version,
            commit="",
            digest=digest,
            lock="",
            migrations=(),
            path=str(path),
            python=sys.executable,
        )


quiet = LineListener(print)
