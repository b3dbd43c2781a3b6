"""`shipway rehearse` with a real Envoy and a real gunicorn, for some seconds."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import begun, only, project, shipway, shipway_process
from tests.patience import PATIENCE, until

pytestmark = pytest.mark.e2e
APP = (
    "def app(environ, start):\n"
    '    start("200 OK", [("Content-Type", "text/plain")])\n'
    '    return [b"hello"]\n'
)
CONFIGURATION = (
    '[application]\nname = "tiny"\nhealth = "/"\n'
    'serve = "gunicorn --threads 4 --keep-alive 75 --bind {bind} tiny:app"\n'
    f"{only()}[environments.local]\nport = 1\ninstances = 2\nhealth_timeout = 15\n"
)  # nobody but root may listen on port 1, and no rehearsal does
SHORT = ("--rate", "100", "--seconds", "1.5", "--strategy", "rolling")


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    files = {"tiny/__init__.py": APP, "requirements.txt": "gunicorn\n"}
    folder = project(tmp_path_factory.mktemp("site") / "web", CONFIGURATION, files)
    packaged = shipway(folder, "run", "package")
    assert packaged.returncode == 0, packaged.stdout
    yield folder
    assert left(folder) == []


def left(folder: Path) -> list[str]:
    """Processes that work for a rehearsal of this project."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:
            continue
        if str(folder / ".shipway").encode() in words:
            found.append(path.name)
    return found


def rehearsed(web: Path, *words: str) -> tuple[int, dict[str, Any]]:
    done = shipway_process(web, "rehearse", *SHORT, "--json", *words)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_good_release_goes_there_and_back_and_nobody_is_hit(web: Path) -> None:
    done = shipway_process(web, "rehearse", *SHORT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sent, 0 failed" in done.stdout
    assert "0 of " in done.stdout
    assert "receipt: .shipway/rehearsal/rollout.html" in done.stdout
    assert left(web) == []
    assert "nothing runs" in shipway(web, "status").stdout


def test_a_bad_release_hits_users_and_the_end_is_sound(web: Path) -> None:
    # Rolling is over in a second here: only a bake that goes on while the judge doubts shows it.
    code, found = rehearsed(web, "--fault", "error=50%")
    assert found["verdict"] == "rolled back", found["cause"]
    assert (code, found["sound"], found["fault"]) == (0, True, "error=50%")
    assert found["total"]["failed"] > 10
    page = (web / ".shipway" / "rehearsal" / "rollout.html").read_text()
    assert found["candidate"] in page
    assert "the fault was ordered (--fault error=50%)" in page
    assert set(found["total"]["errors"]) == {"500"}
    assert found["before"]["failed"] == found["after"]["failed"] == 0
    assert found["to_recovery"] > 0


def test_a_bad_migration_moves_nothing(web: Path) -> None:
    code, found = rehearsed(web, "--fault", "bad-migration")
    assert (code, found["verdict"], found["total"]["failed"]) == (0, "rolled back", 0)
    assert "the migration" in found["cause"]
    assert found["candidate"] not in found["total"]["releases"]


def test_a_killed_command_is_taken_over(web: Path) -> None:
    code, found = rehearsed(web, "--fault", "kill-shipway")
    assert (code, found["sound"], found["back_verdict"]) == (0, True, "passed")
    assert found["marks"]["struck"] is not None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_an_interrupted_one_takes_everything_down(web: Path, number: signal.Signals) -> None:
    folder = web / ".shipway" / "rehearsal"
    shutil.rmtree(folder, ignore_errors=True)  # the load of another test
    with begun(web, "rehearse", *SHORT, "--seconds", "60") as process:
        try:
            until(lambda: (folder / "load").exists() and (folder / "load").stat().st_size)
            assert left(web)
            busy = shipway_process(web, "rehearse", *SHORT)
            assert (busy.returncode, "a rehearsal goes on here" in busy.stderr) == (2, True)
            process.send_signal(number)
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 130
    assert left(web) == []


def test_an_interrupted_rollout_goes_no_further(web: Path) -> None:
    short = (*SHORT, "--seconds", "0.2", "--fault", "never-healthy")  # waits for 15 s
    with begun(web, "rehearse", *short) as process:
        try:
            assert process.stdout
            while "SUCCEEDED" not in process.stdout.readline():
                assert process.poll() is None
            while "start" not in process.stdout.readline():
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "taking everything down" in said
    assert "ROLLING_BACK" not in said
    assert left(web) == []


def test_one_that_was_killed_leaves_nothing_running(web: Path) -> None:
    folder = web / ".shipway" / "rehearsal"
    shutil.rmtree(folder, ignore_errors=True)
    with begun(web, "rehearse", *SHORT, "--seconds", "60") as process:
        until(lambda: (folder / "load").exists() and (folder / "load").stat().st_size)
        process.kill()
    assert left(web)
    until(lambda: left(web) == [])
    assert not (folder / "load").exists()


def test_what_a_killed_one_left_is_ended_by_the_next(web: Path) -> None:
    folder = web / ".shipway" / "rehearsal"
    shutil.rmtree(folder, ignore_errors=True)
    with begun(web, "rehearse", *SHORT, "--seconds", "60") as process:
        until(lambda: (folder / "load").exists() and (folder / "load").stat().st_size)
        process.kill()
    code, _ = rehearsed(web, "--fault", "bad-migration")
    assert code == 0
    assert left(web) == []


def test_one_whose_reader_has_gone_is_played_to_its_end(web: Path) -> None:
    process = begun(web, "rehearse", *SHORT)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=PATIENCE) == 1  # nobody read how it went
    assert process.stderr.read() == ""
    assert (web / ".shipway" / "rehearsal" / "rollout.html").exists()
    assert left(web) == []
