"""An environment on this machine with real servers, and somebody who never stops asking them."""

from __future__ import annotations

import http.client
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

from shipway.config.schema import Application, Config, Environment, Smoke
from shipway.releases.release import Release
from shipway.rollouts.events import LineListener
from shipway.rollouts.local.platform import LocalPlatform
from shipway.rollouts.report import RolloutReport, last_report, rollout_records
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


WRITTEN_AFTER = 1.0  # seconds after an answer until Envoy has written it down, at most


@dataclass(frozen=True)
class Asked:
    """One request. begun, ended: seconds since the epoch. answer: its status and release, or the
    error that came in its place."""

    begun: float
    ended: float
    answer: str

    @property
    def failed(self) -> bool:
        return not self.answer.startswith("200")

    @property
    def arrived(self) -> bool:
        """Whether anybody took it, as far as its client can tell."""
        return "Refused" not in self.answer


class Client:
    """Keeps asking, on kept and on fresh connections, and counts what comes back.

    asked: every request. It knows what users felt without anything of Shipway's or Envoy's.
    pause: seconds between the requests of each of its three threads.
    """

    def __init__(self, port: int, *, gives_up_after: float = PATIENCE, pause: float = 0.01) -> None:
        self.asked: list[Asked] = []
        self._port = port
        self._gives_up_after = gives_up_after
        self._pause = pause
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
    def seen(self) -> Counter[str]:
        return Counter(request.answer for request in list(self.asked))

    @property
    def failed(self) -> int:
        return sum(request.failed for request in list(self.asked))

    def differences(
        self, receipt: RolloutReport, killed: Sequence[float] = ()
    ) -> dict[str, tuple[int, int, int]]:
        """In what the receipt of a rollout is another thing than was felt here meanwhile: what it
        says, and the least and the most that is true.

        What was on its way when the rollout began or ended may be counted or not, and so may what
        nobody can know: killed are the times (seconds since the epoch) at which Envoy was.
        """
        first, last = receipt.timeline[0]["at"], receipt.timeline[-1]["at"]
        end = receipt.started + receipt.seconds
        possible = [
            request
            for request in list(self.asked)
            if request.arrived
            and request.ended >= receipt.started - WRITTEN_AFTER
            and request.begun <= end
        ]
        sure = [
            request
            for request in possible
            if request.begun >= first
            and request.ended <= last
            and not any(_close(request, moment) for moment in killed)
        ]
        names = set(receipt.releases) | {request.answer[4:] for request in sure}
        counted = {
            "requests": (receipt.requests, sure, possible),
            "failed": (
                receipt.failed + receipt.aborted,
                [request for request in sure if request.failed],
                [
                    request
                    for request in possible
                    if request.failed or any(_close(request, moment) for moment in killed)
                ],
            ),
            **{
                f"answered by {name}": (
                    answered(receipt, name),
                    [request for request in sure if request.answer == f"200 {name}"],
                    [request for request in possible if request.answer == f"200 {name}"],
                )
                for name in names
            },
        }
        return {
            what: (said, len(least), len(most))
            for what, (said, least, most) in counted.items()
            if not len(least) <= said <= len(most)
        }

    def _ask(self, kept: bool, path: str) -> None:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self._port, timeout=self._gives_up_after
        )
        while not self._stop.is_set():
            begun = time.time()
            try:
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                answer = f"{response.status} {response.headers.get('X-Release')}"
            except (OSError, http.client.HTTPException) as error:
                answer = repr(error)
                connection.close()
            self.asked.append(Asked(begun, time.time(), answer))
            if not kept:
                connection.close()
            time.sleep(self._pause)
        connection.close()


_AROUND = 1.0  # seconds around the end of an Envoy in which nobody knows what it still did


def _close(request: Asked, moment: float) -> bool:
    return request.ended >= moment - _AROUND and request.begun <= moment + _AROUND


def answered(receipt: RolloutReport, name: str) -> int:
    """How many requests a release answered well, as a receipt has it."""
    figures = receipt.releases.get(name)
    return figures["requests"] - figures["failed"] - figures.get("aborted", 0) if figures else 0


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


def last_receipt(record: SqliteRecord) -> RolloutReport:
    """That of the newest rollout of `local`."""
    report = last_report(rollout_records(record.rollouts("local"), "the record"))
    assert report is not None
    return report
