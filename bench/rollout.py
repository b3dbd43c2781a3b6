"""What users notice of a rollout: every strategy, forward and back, under constant-rate load.

    python bench/rollout.py [--requests 20000] [--rate 300] [--repeat 5] [--strategy rolling …]

A small WSGI application on gunicorn, two instances behind Envoy, rolled to a second release and
back, `--repeat` times; `--requests` are sent each way, all repetitions together. Counted: failed
requests of all kinds, slow and streaming ones too. p99 is of plain requests that were due while
the switch went on, divided by that of a control just as long, in which as many instances start
and stop but no traffic moves; the median of all repetitions. For comparison the same load on the
same application and server without a proxy, when it is stopped and started, and when gunicorn
reloads it (SIGHUP). Latency counts from when a request was due. An instance has 16 threads: with
four, slow and streaming requests alone keep them busy for 1 % of the time, and p99 is theirs.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from shipway.config.schema import Application, Config, Environment, Smoke
from shipway.errors import Unreachable
from shipway.pipeline.outcome import Verdict
from shipway.rehearsal.environment import rehearsable_strategies
from shipway.rehearsal.load import SLOW, STREAM, LoadPlan, LoadResponse, LoadTarget, summarize_load
from shipway.rehearsal.load_generator.process import ProcessLoad
from shipway.releases.release import Release
from shipway.rollouts.events import NullListener
from shipway.rollouts.local.platform import LocalPlatform
from shipway.rollouts.report import RolloutReport
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp
from shipway.system.network import free_port
from shipway.system.process import SystemProcesses
from shipway.system.record import SqliteRecord

INSTANCES = 2
GUNICORN = "gunicorn --threads 16 --keep-alive 75 --graceful-timeout 30 --log-level error"
TARGETS = (
    LoadTarget("/", 0.99),
    LoadTarget("/slow", 0.005, SLOW),
    LoadTarget("/stream", 0.005, STREAM),
)
QUIET = 1.0  # seconds of load before a switch and after it
APP = """
import os, time
RELEASE = os.environ.get("RELEASE") or open("release").read()
def app(environ, start):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(0.5)
    start("200 OK", [("Content-Type", "text/plain"), ("X-Release", RELEASE)])
    return pieces() if path == "/stream" else [b"hello " * 100]
def pieces():
    for _ in range(5):
        time.sleep(0.1)
        yield b"a piece"
"""


@dataclass
class Row:
    """One way of one method: requests and failures of all repetitions; a figure of each."""

    method: str
    way: str
    requests: int
    failed: Counter[str]
    p99: list[float]
    control: list[float]
    seconds: list[float]
    latest: float = 0.0

    def add(self, sent: list[LoadResponse], begin: float, end: float) -> None:
        """One repetition."""
        found = summarize_load(sent)
        self.requests += found.requests
        self.failed.update(found.errors)
        self.p99.append(p99(sent, begin, end))
        self.seconds.append(end - begin)
        self.latest = max(self.latest, found.latest)

    def text(self) -> str:
        """A line of the table."""
        ratios = [p / c for p, c in zip(self.p99, self.control, strict=False)]
        ratio = f"{median(ratios):.2f}" if ratios else "-"
        control = f"{median(self.control):.1f}" if self.control else "-"
        kinds = ", ".join(f"{name} {count}" for name, count in self.failed.items())
        return (
            f"{self.method:<15}{self.way:<9}{self.requests:>9}{sum(self.failed.values()):>8}"
            f"{median(self.p99):>10.1f}{control:>10}{ratio:>7}{median(self.seconds):>9.1f}"
            f"{self.latest * 1000:>8.0f}  {kinds}"
        )


HEAD = (
    f"{'method':<15}{'way':<9}{'requests':>9}{'failed':>8}{'p99 ms':>10}{'control':>10}"
    f"{'ratio':>7}{'seconds':>9}{'late ms':>8}  failures"
)


def row(method: str, way: str) -> Row:
    """An empty one."""
    return Row(method, way, 0, Counter(), [], [], [])


def p99(sent: list[LoadResponse], begin: float, end: float) -> float:
    """Of plain requests that were due then, in milliseconds; 0 of none."""
    return summarize_load(one for one in sent if begin <= one.at < end).latency.p99 or 0.0


def under_load(
    port: int, rate: float, count: int, folder: Path, act: Callable[[], None]
) -> tuple[list[LoadResponse], float, float]:
    """Send at least `count` requests, `act` after a second: all of them, and when it was."""
    plan = LoadPlan(host="127.0.0.1", port=port, targets=TARGETS, rate=rate)
    load = ProcessLoad(plan, str(folder / "load"))
    try:
        while not load.sent():
            time.sleep(0.01)
        first = time.time()
        time.sleep(QUIET)
        begin = time.time()
        act()
        end = time.time()
        time.sleep(max(QUIET, first + count / rate - end))
    except BaseException:
        load.kill()
        raise
    return list(load.stop()), begin, end


class Site:
    """The application behind Envoy, one release of it deployed."""

    def __init__(self, folder: Path, strategy: Any) -> None:
        environment = Environment(
            port=free_port(),
            test_port=free_port(),
            strategy=strategy,
            instances=INSTANCES,
            smoke=(Smoke("/"),),
            bake=2.0,
            step_bake=1.0,
            canary_percent=20.0,
            step_percent=25.0,
            judged=False,  # it would add its own time to look: see bench/judge.py
        )
        serve = f"{GUNICORN} --bind {{bind}} app:app"
        application = Application(name="bench", serve=serve, health="/")
        self.config = Config(application=application, environments={"bench": environment})
        self.port = environment.port
        self.folder = folder
        self.record = SqliteRecord(str(folder / "record.sqlite3"))
        (folder / "app.py").write_text(APP)
        (folder / "release").write_text("control")
        self.one, self.two = (
            Release(
                application="bench",
                version=version,
                commit="",
                digest=digest * 64,
                lock="",
                migrations=(),
                path=str(folder),
                python=sys.executable,
            )
            for version, digest in (("1.0", "a"), ("2.0", "b"))
        )
        must_pass(self.platform().deploy(self.one, NullListener()))

    def platform(self) -> LocalPlatform:
        """As a command would find it."""
        return LocalPlatform(
            self.config,
            "bench",
            str(self.folder),
            SystemProcesses(),
            RealHttp(),
            SystemClock(),
            self.record,
        )

    def forward(self) -> None:
        """To the second release."""
        must_pass(self.platform().deploy(self.two, NullListener()))

    def back(self) -> None:
        """To the first."""
        must_pass(self.platform().rollback("", NullListener()))

    def control(self, together: int, seconds: float) -> None:
        """As many instances start, become healthy and stop, so many at once; nobody is sent
        to them. It takes as long as the switch took, or as long as they take."""
        end = time.monotonic() + seconds
        for _ in range(0, INSTANCES, together):
            ports = [free_port() for _ in range(together)]
            started = [start(self.folder, port, 1) for port in ports]
            try:
                for port in ports:
                    answers(port, "")
            finally:
                for process in started:
                    process.terminate()
                for process in started:
                    process.wait()
        time.sleep(max(0.0, end - time.monotonic()))

    def close(self) -> None:
        """Take it down."""
        self.platform().down()
        self.record.close()


def strategy_rows(strategy: str, rate: float, count: int, repeat: int) -> list[Row]:
    """One strategy, both ways, each repetition beside its control."""
    rows = [row(strategy, "forward"), row(strategy, "back")]
    # Rolling starts one after the other; everything else, and every way back, all at once.
    together = {"forward": 1 if strategy == "rolling" else INSTANCES, "back": INSTANCES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = Site(folder, strategy)
        try:
            for _ in range(repeat):
                for one, switch in zip(rows, (site.forward, site.back), strict=True):
                    one.add(*under_load(site.port, rate, count, folder, switch))
                    act = partial(site.control, together[one.way], one.seconds[-1])
                    calm = under_load(site.port, rate, 0, folder, act)
                    one.control.append(p99(*calm))
        finally:
            site.close()
    return rows


@contextmanager
def gunicorn(folder: Path, port: int, workers: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The application without a proxy, up; whoever replaces the process puts it into the list."""
    running = [start(folder, port, workers)]
    try:
        answers(port, "")
        yield running
    finally:
        running[-1].terminate()
        running[-1].wait()


def start(folder: Path, port: int, workers: int) -> subprocess.Popen[bytes]:
    """Start it, without waiting."""
    program, *rest = f"{GUNICORN} --workers {workers} --bind 127.0.0.1:{port} app:app".split()
    path = os.path.join(os.path.dirname(sys.executable), program)
    return subprocess.Popen([path, *rest], cwd=folder, stderr=subprocess.DEVNULL)


def answers(port: int, release: str) -> None:
    """Wait until twenty answers in a row come from a release, whichever where none is named."""
    good = 0
    end = time.monotonic() + 60
    while good < (20 if release else 1):
        if time.monotonic() > end:
            raise SystemExit(f"port {port} did not come to answer")
        try:
            found = RealHttp().get(f"http://127.0.0.1:{port}/", timeout=2).headers["x-release"]
            good = good + 1 if not release or found == release else 0
        except Unreachable:
            good = 0
        time.sleep(0.02)


def plain_rows(rate: float, count: int, repeat: int) -> list[Row]:
    """Without a proxy: stop and start, and reload."""
    rows = []
    for method, replaced in (("stop and start", restart), ("gunicorn HUP", reload)):
        one = row(method, "forward")
        with tempfile.TemporaryDirectory() as name:
            folder, port = Path(name), free_port()
            (folder / "app.py").write_text(APP)
            (folder / "release").write_text("one")
            with gunicorn(folder, port, INSTANCES) as running:
                for number in range(repeat):
                    act = partial(replaced, folder, port, f"release {number}", running)
                    one.add(*under_load(port, rate, count, folder, act))
        rows.append(one)
    return rows


def restart(folder: Path, port: int, release: str, running: list[subprocess.Popen[bytes]]) -> None:
    """Stop it, start it, wait until it answers."""
    (folder / "release").write_text(release)
    running[-1].terminate()
    running[-1].wait()
    running.append(start(folder, port, INSTANCES))
    answers(port, release)


def reload(folder: Path, port: int, release: str, running: list[subprocess.Popen[bytes]]) -> None:
    """New workers take over from the old ones."""
    (folder / "release").write_text(release)
    running[-1].send_signal(signal.SIGHUP)
    answers(port, release)


def must_pass(receipt: RolloutReport) -> None:
    """Without a rollout there is nothing to measure."""
    if receipt.verdict is not Verdict.PASSED:
        raise SystemExit(f"{receipt.release}: {receipt.verdict}: {receipt.cause}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--strategy", action="append", choices=rehearsable_strategies())
    parser.add_argument("--no-comparison", action="store_true")
    chosen = parser.parse_args()
    count = -(-chosen.requests // chosen.repeat)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(130))  # everything is taken down on the way
    print(HEAD, flush=True)
    for strategy in chosen.strategy or rehearsable_strategies():
        for one in strategy_rows(strategy, chosen.rate, count, chosen.repeat):
            print(one.text(), flush=True)
    if not chosen.no_comparison:
        for one in plain_rows(chosen.rate, count, chosen.repeat):
            print(one.text(), flush=True)


if __name__ == "__main__":
    main()
