"""`shipway init` and `shipway run`, unattended, on public applications of different builds.

    python bench/adoption.py [--keep DIR] [--mirrors DIR] [NAME…]

Each application comes from PyPI as its source distribution, pinned by hash, is made by a public
tool as a newcomer would make it (bench/adopted.py), or is cloned from GitHub at a commit
(bench/public_repositories.py); --mirrors names a folder with clones OWNER+NAME instead. `shipway
init` and `shipway run` are called in it, then at most two commands that Shipway itself printed, and
nobody answers a question. Then a comment in the served module makes a second commit, which is
rolled out as a canary while a client of its own asks the health check's page. The application is
live where the judge promoted that canary and the client was never refused.

How each has to end was written down before, with the reason; the table says whether it did. Ends
with 1 where one ended otherwise, or where Shipway showed a traceback.

What the sources need from a network that has no advisories is allowed by name: pip-audit.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from adopted import APPLICATIONS, Adopted
from public_repositories import REPOSITORIES

from shipway.system.network import free_port

SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
_ALLOWED = "pip-audit=no advisories are reached from here"
_RUN = ("run", "--no-strict", "--allow-unavailable", _ALLOWED)
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\)", re.MULTILINE)
_VERDICT = re.compile(
    r"^(passed|incomplete|failed|rolled back|unknown|needs a person|interrupted): (.*)$", re.M
)
_NEXT = re.compile(r"next: +(?:\S*/)?shipway (.+)$", re.MULTILINE)
_ENTRY = re.compile(r"^entry +(.*)$", re.MULTILINE)
_LIMIT = 1500.0  # seconds for one command
_PAUSE = 0.05  # seconds between the requests of one client
_CLIENTS = 2
# Half of the requests go to the canary, so that the judge soon has enough; a machine that others
# use as well makes both releases slow by turns, so that only twice as slow counts.
_CANARY = """strategy = "canary"
canary_percent = 50
step_bake = 5.0
bake = 5.0
judge = { latency_tolerance = 1.0, latency_margin = 1.0, latency_slack = 200.0, warm_up = 2.0 }
"""
_MORE = 2  # commands of Shipway's own that are typed


@dataclass(frozen=True)
class Row:
    """How it went: detected framework and build, the first run's verdict with its cause, what init
    said of the entry, whether the second commit is live, the client's requests, seconds of each."""

    name: str
    detected: str
    verdict: str
    cause: str
    entry: str = ""
    live: bool = False
    requests: int = 0
    failed: int = 0
    init: float = 0.0
    run: float = 0.0
    unchanged: float = 0.0
    traceback: bool = False
    right: bool = False


@dataclass
class Client:
    """Asks a page again and again, as several do, each time by a new connection."""

    address: str
    successes: list[bool] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def requests(self) -> int:
        """How many were answered, or not."""
        return len(self.successes)

    @property
    def failed(self) -> int:
        """How many were not answered by 2xx."""
        return self.successes.count(False)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """For as long as the block takes."""
        threads = [threading.Thread(target=self._ask) for _ in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _ask(self) -> None:
        while not self._stop.wait(_PAUSE):
            self.successes.append(answers(self.address))


def main() -> int:
    """Print the table; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--keep", metavar="DIR", help="leave the repositories in this folder")
    parser.add_argument("--mirrors", metavar="DIR", default="", help="clones OWNER+NAME are here")
    options = parser.parse_args()
    applications = (*APPLICATIONS, *(item.adopted(options.mirrors) for item in REPOSITORIES))
    about = {item.name: item for item in applications}
    if unknown := set(options.names) - about.keys():
        parser.error(f"no application is called {', '.join(sorted(unknown))}")
    rows = []
    with tempfile.TemporaryDirectory(prefix="adoption-") as temporary:
        folder = Path(options.keep or temporary)
        for application in applications:
            if not options.names or application.name in options.names:
                row = adopt(application, folder)
                rows.append(row)
                (folder / f"{row.name}.json").write_text(json.dumps(asdict(row)))
                print(f"{row.name}: {'live' if row.live else row.cause}", file=sys.stderr)
    show(rows, about)
    return 0 if rows and all(row.right and not row.traceback for row in rows) else 1


def adopt(application: Adopted, folder: Path) -> Row:
    """Make the repository, let Shipway at it, and roll out a second commit."""
    top = folder / application.name
    shutil.rmtree(top, ignore_errors=True)
    application.make(top)
    root = top / application.folder
    if not (top / ".git").exists():
        git(top, "init", "--quiet")
    commit(top, "As it came")
    journey = Journey(root)
    init = journey.shipway("init", "--json")
    found = json.loads(init.stdout)["found"] if init.stdout.startswith("{") else {}
    detected = f"{found.get('framework', 'nothing')}; {found.get('build', '')}"
    listen_elsewhere(root)
    commit(top, "What shipway init wrote")
    output = journey.shipway(*_RUN).stdout
    verdict, cause = verdict_of(output)
    for words in printed_commands(init.stderr + output)[:_MORE]:
        if journey.serves():
            break
        journey.shipway(*words)
    row = Row(
        name=application.name,
        detected=detected,
        verdict=verdict,
        cause=cause,
        entry=(_ENTRY.findall(init.stderr) or [""])[-1],
        init=journey.seconds[0],
        run=journey.seconds[1],
    )
    if journey.serves():
        journey.shipway(*_RUN)
        row = second_commit(journey, top, replace(row, unchanged=journey.seconds[-1]))
    journey.shipway("down", "local")
    (folder / f"{application.name}.log").write_text("".join(journey.output))
    return judged(application, row, "".join(journey.output))


def judged(application: Adopted, row: Row, output: str) -> Row:
    """Whether it ended as it was written down before."""
    reasons = f"{row.cause} {row.entry} {' '.join(_ENTRY.findall(output))}"
    right = (
        row.live == application.live
        and row.verdict == (application.verdict or row.verdict)
        and re.search(application.detected, row.detected) is not None
        and re.search(application.cause, reasons) is not None
    )
    traceback = _TRACEBACK.search(output) is not None
    return replace(row, right=right, traceback=traceback)


@dataclass
class Journey:
    """The commands in one application's folder: what they said, and how long each took."""

    root: Path
    output: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def shipway(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of Shipway, with nobody at the keyboard."""
        began = time.monotonic()
        done = subprocess.run(
            [SHIPWAY, *words],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=_LIMIT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "CI": ""},
        )
        self.seconds.append(time.monotonic() - began)
        self.output.append(f"\n$ shipway {shlex.join(words)}\n{done.stdout}{done.stderr}")
        return done

    def settings(self) -> dict[str, dict[str, object]]:
        """shipway.toml, as it is by now."""
        path = self.root / "shipway.toml"
        return tomllib.loads(path.read_text()) if path.exists() else {}

    @property
    def address(self) -> str:
        """Of the page that is asked; "" where nothing is served."""
        settings = self.settings()
        local = settings.get("environments", {}).get("local", {})
        health = settings.get("application", {}).get("health", "/")
        return f"http://127.0.0.1:{local['port']}{health}" if isinstance(local, dict) else ""

    def serves(self) -> bool:
        """Whether a rollout is live, and its page answers 2xx."""
        return "local" in self.settings().get("environments", {}) and answers(self.address)


def second_commit(journey: Journey, top: Path, row: Row) -> Row:
    """Change the served module by a comment, and roll that out as a canary while a client asks."""
    module = row.detected.partition(", ")[2].partition(":")[0].replace(".", "/")
    change = next(
        path
        for path in journey.root.rglob("*.py")
        if path.as_posix().endswith((f"/{module}.py", f"/{module}/__init__.py"))
        and ".shipway" not in path.parts
    )
    # Two blank lines are what formatters want there, whether a function comes before or not.
    change.write_text(change.read_text() + "\n\n# The second commit.\n")
    path = journey.root / "shipway.toml"
    path.write_text(path.read_text().replace("instances = 1\n", f"instances = 1\n{_CANARY}"))
    commit(top, "A comment in the served module")
    client = Client(journey.address)
    with client.asking():
        journey.shipway(*_RUN)
    status = json.loads(journey.shipway("status", "local", "--history", "--json").stdout)
    canary_rollouts = [one for one in status["history"] if one["strategy"] == "canary"]
    promoted = any(
        one["verdict"] == "passed"
        and one["before"]
        and "promote" in [verdict["decision"] for verdict in one["evidence"]]
        for one in canary_rollouts
    )
    return Row(
        **{
            **asdict(row),
            "live": promoted and client.failed == 0 and client.requests > 0 and journey.serves(),
            "requests": client.requests,
            "failed": client.failed,
        }
    )


def answers(address: str) -> bool:
    """Whether the page answers 2xx."""
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.netloc, timeout=10.0)
    try:
        connection.request("GET", url.path)
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return 200 <= response.status < 300


def printed_commands(output: str) -> list[list[str]]:
    """The commands that Shipway printed as what to do next, as they are typed: but `run`, which is
    called anyway."""
    commands = [shlex.split(text.rstrip(".")) for text in _NEXT.findall(output)]
    return [words for words in commands if words != ["run"]]


def verdict_of(output: str) -> tuple[str, str]:
    """The verdict and its cause, as the last lines of a run say them."""
    verdicts = _VERDICT.findall(output)
    return verdicts[-1] if verdicts else ("none", (output.strip().splitlines() or ["nothing"])[-1])


def listen_elsewhere(root: Path) -> None:
    """The port that init proposes may be somebody's."""
    path = root / "shipway.toml"
    if path.exists():
        path.write_text(path.read_text().replace("port = 8080", f"port = {free_port()}"))


def commit(top: Path, message: str) -> None:
    """All that there is, as anybody."""
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--allow-empty", "-m", message)


def git(root: Path, *words: str) -> None:
    """As anybody."""
    names = ("-c", "user.name=Nobody", "-c", "user.email=nobody@localhost")
    subprocess.run(["git", *names, *words], cwd=root, check=True, capture_output=True)


def show(rows: list[Row], about: dict[str, Adopted]) -> None:
    """Markdown."""
    print(
        "| application | build | first run | second commit | requests | failed | init s | run s "
        "| unchanged s | as written before |"
    )
    print(f"|{' --- |' * 10}")
    for row in rows:
        word = "traceback" if row.traceback else "yes" if row.right else "NO"
        cause = row.cause if len(row.cause) < 120 else row.cause[:117] + "…"
        print(
            f"| {row.name} | {about[row.name].build} | {row.verdict}: {cause} "
            f"| {'live' if row.live else 'not live'} | {row.requests} | {row.failed} "
            f"| {row.init:.0f} | {row.run:.0f} | {row.unchanged:.0f} | {word} |"
        )
    print(f"\n{sum(row.live for row in rows)} of {len(rows)} are live")
    print(f"{sum(row.right for row in rows)} of {len(rows)} ended as was written down before")


if __name__ == "__main__":
    sys.exit(main())
