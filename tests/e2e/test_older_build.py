"""What an older build left is opened, deployed over and rolled back, by real commands of both.

The older build is a commit of this history, in an environment made from its own lock. Its record
has another schema, and its sources had other names for all that is stored.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import environment, only, project, shipway, shipway_process
from tests.e2e.local_site import Client
from tests.left_out import leave_out
from tests.patience import PATIENCE, until

from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e
COMMIT = "3fabc6d35e52bbed4228ebdb45778b81a4940d8f"
ROOT = Path(__file__).parents[2]
UV = os.path.join(os.path.dirname(sys.executable), "uv")
APP = """
def app(environ, start):
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(TEXT)))])
    return [TEXT]
"""
# A server that finishes its requests at SIGTERM: one that does not loses them when it is stopped.
CONFIGURATION = """
[application]
name = "tiny"
serve = "gunicorn --bind {{bind}} --threads 4 tiny:app"
health = "/"

[environments.local]
port = {port}
instances = 2
health_timeout = 60
drain_timeout = 5
strategy = "canary"
judged = false
bake = 0
step_bake = {step_bake}

"""


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program of the older build."""
    folder = tmp_path_factory.mktemp("older")
    names = ("src", "pyproject.toml", "uv.lock", "README.md")
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", COMMIT, *names], capture_output=True, check=False
    )
    if archive.returncode:
        leave_out("older build", f"this clone does not have its commit {COMMIT[:7]}")
    unpack = ["tar", "--extract", "--directory", str(folder)]  # Python's own, from 3.11.4 only
    subprocess.run(unpack, input=archive.stdout, check=True)
    own = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    made = subprocess.run(
        [UV, "sync", "--locked", "--no-dev", "--quiet", "--python", sys.executable],
        cwd=folder,
        env=own,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        leave_out("older build", f"its packages do not come: {made.stderr.strip()[-200:]}")
    return str(folder / ".venv" / "bin" / "shipway")


@dataclass
class Web:
    """A project that the older build takes care of; its application answers one text."""

    folder: Path
    older: str
    port: int

    def release(self, text: str) -> None:
        """Change what the application answers."""
        source = f"TEXT = {text.encode()!r}\n{APP}"
        (self.folder / "tiny" / "__init__.py").write_text(source)

    def configure(self, *, step_bake: float) -> None:
        """step_bake: seconds that the canary's first share is watched."""
        text = CONFIGURATION.format(port=self.port, step_bake=step_bake)
        (self.folder / "shipway.toml").write_text(text + only())

    def begun_by_older(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command of the older build, and leave it running."""
        return subprocess.Popen(
            [self.older, *words],
            cwd=self.folder,
            env=environment(self.folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def by_older(self, *words: str) -> None:
        """Run a command of the older build, which ends well."""
        assert self.begun_by_older(*words).wait(PATIENCE) == 0, words

    def newer(self, *words: str) -> str:
        """Run a command of this build, which ends well; what it printed."""
        asks = words[0] in ("status", "report")  # what starts no servers need not be a process
        done = (shipway if asks else shipway_process)(self.folder, *words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def status(self) -> dict[str, Any]:
        """As this build reports it."""
        status = json.loads(self.newer("status", "--history", "--json"))
        assert isinstance(status, dict)
        return status

    @property
    def answer(self) -> bytes:
        """What somebody gets who asks now."""
        return RealHttp().get(f"http://127.0.0.1:{self.port}/").body

    def weight(self) -> float:
        """Percent of the requests for the candidate, as the older build wrote it down."""
        path = self.folder / ".shipway" / "record.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as record:
            rows = record.execute("SELECT state FROM states WHERE environment = 'local'").fetchall()
        unfinished = json.loads(rows[0][0])["unfinished"] or {}
        return float(unfinished.get("walk", {}).get("state", {}).get("weight", 0.0))

    def schema(self) -> int:
        """The version of the record's schema."""
        path = self.folder / ".shipway" / "record.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as record:
            return int(record.execute("PRAGMA user_version").fetchone()[0])


@pytest.fixture
def web(older: str, tmp_path: Path) -> Iterator[Web]:
    """The older build has packaged and rolled out a first release, which serves."""
    folder = project(
        tmp_path / "web", "", {"tiny/__init__.py": "", "requirements.txt": "gunicorn\n"}
    )
    web = Web(folder, older, free_port())
    web.configure(step_bake=0)
    web.release("first")
    try:
        web.by_older("run", "package")
        web.by_older("deploy", "local")
        assert web.answer == b"first"
        yield web
    finally:
        shipway_process(folder, "down", "local")


def test_its_record_release_and_environment_are_opened_deployed_over_and_rolled_back(
    web: Web,
) -> None:
    older_schema, first = web.schema(), web.status()
    assert older_schema == 1
    assert web.schema() > older_schema  # opened, and migrated
    assert [instance["health"] for instance in first["instances"]] == ["ok", "ok"]
    assert [rollout["verdict"] for rollout in first["history"]] == ["passed"]
    run = json.loads(web.newer("report", "--json"))
    assert "package" in [step["step"] for step in run["steps"]]
    with Client(web.port) as client:
        # Its package is the last one, and its instances are those that are wanted.
        assert f"{first['release']} runs already" in web.newer("deploy", "local")
        assert web.status()["instances"] == first["instances"]

        web.release("second")
        web.newer("run", "package")
        web.newer("deploy", "local")
        assert web.answer == b"second"
        assert web.status()["release"] != first["release"]

        web.newer("rollback", "local")
        assert web.answer == b"first"
    assert client.failed == 0, client.seen
    after = web.status()
    assert after["release"] == first["release"]
    assert [rollout["verdict"] for rollout in after["history"]] == ["passed"] * 3
    assert "3 processes stopped" in web.newer("down", "local")  # Envoy is the older build's still


@pytest.mark.parametrize(
    ("command", "answer", "verdict"),
    [("resume", b"second", "passed"), ("cancel", b"first", "rolled back")],
)
def test_a_canary_that_it_was_killed_in_goes_on_or_back(
    web: Web, command: str, answer: bytes, verdict: str
) -> None:
    web.configure(step_bake=600)
    web.release("second")
    web.by_older("run", "package")
    killed = web.begun_by_older("deploy", "local")
    try:
        until(web.weight)
    finally:
        killed.kill()
        killed.wait()
    web.configure(step_bake=0)
    with Client(web.port) as client:
        web.newer(command, "local")
    assert client.failed == 0, client.seen
    assert web.answer == answer
    status = web.status()
    assert status["rollout"] is None
    assert [rollout["verdict"] for rollout in status["history"]] == [verdict, "passed"]
