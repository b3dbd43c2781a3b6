"""Which release `shipway deploy` takes: the real command, real processes, what answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.in_process import begun, git, only, project, shipway
from tests.patience import until

from shipway.system.http import RealHttp
from shipway.system.network import free_port
from shipway.system.record import SqliteRecord

pytestmark = pytest.mark.e2e
APP = """
import http.server
import sys


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(TEXT)))
        self.end_headers()
        self.wfile.write(TEXT)


host, port = sys.argv[1].split(":")
http.server.ThreadingHTTPServer((host, int(port)), Answer).serve_forever()
"""


def version(folder: Path, text: str) -> None:
    (folder / "tiny" / "__main__.py").write_text(f"TEXT = {text.encode()!r}\n{APP}")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Path]:
    configuration = (
        '[application]\nname = "tiny"\nserve = "python -m tiny {bind}"\nhealth = "/"\n'
        f"{only()}[environments.local]\nport = {free_port()}\ninstances = 1\nhealth_timeout = 30\n"
    )
    files = {"tiny/__init__.py": "", "requirements.txt": "", ".gitignore": ".shipway/\n"}
    folder = project(tmp_path / "web", configuration, files)
    version(folder, "good")
    git(folder, "init", "--quiet")
    commit(folder, "good")
    yield folder
    shipway(folder, "down", "local")


def commit(folder: Path, text: str) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", text)
    return git(folder, "rev-parse", "HEAD")


def packaged(folder: Path) -> str:
    """Package what is there; how the step ended."""
    done = shipway(folder, "run", "package", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (ended,) = [e for e in events if e["event"] == "step_finished" and e["step"] == "package"]
    return str(ended["outcome"])


def releases(folder: Path) -> int:
    """How often something was packaged."""
    with closing(SqliteRecord(str(folder / ".shipway" / "record.sqlite3"))) as record:
        return len(record.packaged())


def deployed(folder: Path) -> str:
    """Deploy; what answers then."""
    done = shipway(folder, "deploy", "local", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return RealHttp().get(json.loads(done.stdout)["address"]).body.decode()


def test_a_version_that_was_gone_back_to_is_deployed_though_its_package_is_cached(
    web: Path,
) -> None:
    assert packaged(web) == "passed"
    version(web, "bad")
    bad = commit(web, "bad")
    assert packaged(web) == "passed"
    git(web, "revert", "--no-edit", bad)
    assert packaged(web) == "cached"
    assert deployed(web) == "good"


def test_after_a_switch_of_branches_the_branch_that_was_packaged_last_is_deployed(
    web: Path,
) -> None:
    assert packaged(web) == "passed"
    git(web, "switch", "--quiet", "--create", "feature")
    version(web, "feature")
    feature = commit(web, "feature")
    assert packaged(web) == "passed"
    git(web, "switch", "--quiet", "main")
    assert packaged(web) == "cached"
    git(web, "switch", "--quiet", "feature")
    assert deployed(web) == "good"
    assert packaged(web) == "cached"
    done = shipway(web, "deploy", "local")
    assert done.returncode == 0, done.stdout
    first = done.stdout.splitlines()[0]
    assert ": packaged last, by run " in first
    assert first.endswith(f" of commit {feature[:7]}")


def test_of_two_runs_at_once_the_one_that_packaged_last_is_deployed(
    web: Path, tmp_path: Path
) -> None:
    """The run that ends last packaged before the other: its own release is not the last one."""
    waits = '[steps.wait]\nrun = ["sh", "-c", "touch started; while [ ! -e go ]; do sleep 0.05;'
    waits += ' done"]\ninputs = []\nmax_age = 0\nstage = "test"\n'
    with (web / "shipway.toml").open("a") as file:
        file.write(waits)
    with (web / ".gitignore").open("a") as file:
        file.write("go\nstarted\n")
    commit(web, "wait")
    assert packaged(web) == "passed"  # so that it is cached in the run that begins first
    version(web, "later")
    commit(web, "later")
    assert packaged(web) == "passed"
    first = begun(web, "run", "wait", "deploy-local")
    until(lambda: (web / "started").exists() and releases(web) == 3)
    git(web, "revert", "--no-edit", "HEAD")
    assert packaged(web) == "cached"
    (web / "go").touch()
    _, errors = first.communicate(timeout=120)
    # The commit moved while the first run went on: what it packaged is not what is here.
    assert first.returncode == 5, errors
    assert deployed(web) == "good"


@pytest.mark.parametrize("fault", ["deleted", "changed"])
def test_a_packaged_release_whose_files_are_not_whole_is_refused_with_what_helps(
    web: Path, fault: str
) -> None:
    assert packaged(web) == "passed"
    (folder,) = (web / ".shipway" / "releases").iterdir()
    if fault == "deleted":
        shutil.rmtree(folder)
    else:
        (folder / "tiny" / "__main__.py").chmod(0o644)
        (folder / "tiny" / "__main__.py").write_text("raise SystemExit\n")
    done = shipway(web, "deploy", "local")
    assert done.returncode == 2
    assert "is not whole: " in done.stderr
    assert "next: Package it again: shipway run package --no-cache.\n" in done.stderr
    assert shipway(web, "run", "package", "--no-cache").returncode == 0
    assert deployed(web) == "good"
