"""A deploying command that gets a signal or is killed: its rollout goes back by itself.

With real Envoy, gunicorn and commands, under clients that never stop asking.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import begun, only, project, shipway
from tests.e2e.local_site import GOOD, Client, last_receipt
from tests.patience import PATIENCE, until

from shipway.rollouts.local.state import LOCAL_STATE, UnfinishedRollout
from shipway.rollouts.report import RolloutReport
from shipway.system.network import free_port
from shipway.system.record import SqliteRecord

pytestmark = pytest.mark.e2e
STRATEGIES = ("rolling", "blue-green", "linear", "canary")


@dataclass(frozen=True)
class Application:
    """A project with a release that serves, and one that is packaged. stable: what serves.
    earlier: what served before."""

    folder: Path
    port: int
    earlier: str
    stable: str

    def status(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(shipway(self.folder, "status", "--json").stdout)
        return state

    def client(self) -> Client:
        """Asks less often than others: most of these tests is waiting, for commands and leases."""
        return Client(self.port, pause=0.03)

    def unfinished(self) -> UnfinishedRollout | None:
        """The rollout that is not at its end, from the record: `status` asks Envoy and every
        instance, too, which who waits need not do many times a second."""
        with closing(SqliteRecord(str(self.folder / ".shipway" / "record.sqlite3"))) as record:
            state = record.state("local")
        return LOCAL_STATE.from_object(state, "the record").unfinished if state else None

    def receipt(self) -> RolloutReport:
        """Of the last rollout."""
        with closing(SqliteRecord(str(self.folder / ".shipway" / "record.sqlite3"))) as record:
            return last_receipt(record)

    def last_rollout(self) -> dict[str, Any]:
        done = shipway(self.folder, "status", "--history", "--json")
        rollout: dict[str, Any] = json.loads(done.stdout)["history"][0]
        return rollout

    def deploying(self, strategy: str) -> subprocess.Popen[str]:
        """A command that rolls out what is packaged, as soon as that has requests."""
        configure(self.folder, self.port, strategy)
        command = begun(self.folder, "deploy")
        until(lambda: self._shifted(command))
        return command

    def _shifted(self, command: subprocess.Popen[str]) -> bool:
        if command.poll() is not None:
            assert command.stdout is not None
            raise AssertionError(command.stdout.read())
        unfinished = self.unfinished()
        rollout = unfinished.execution.state if unfinished and unfinished.execution else None
        return bool(rollout and rollout.weight and "SCALE" not in rollout.stage)


SERVE = "gunicorn --bind {bind} --threads 4 tiny:app"
NEVER_HEALTHY = "python3 -c 'import time; time.sleep(600)' {bind}"


def configure(folder: Path, port: int, strategy: str, serve: str = SERVE) -> None:
    """Bakes of ten minutes: the rollout does not get to its end by itself."""
    (folder / "shipway.toml").write_text(
        f'[application]\nname = "tiny"\nserve = "{serve}"\n'
        f'health = "/"\n{only()}[environments.local]\nport = {port}\ninstances = 2\n'
        "health_timeout = 60\ndrain_timeout = 5\njudged = false\nprobes = 0\nbake = 600\n"
        f'step_bake = 600\nlease_duration = 1\nstrategy = "{strategy}"\n'
    )


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder, port = tmp_path_factory.mktemp("ended") / "web", free_port()
    project(folder, "", {"tiny/__init__.py": GOOD, "requirements.txt": "gunicorn\n"})
    configure(folder, port, "blue-green")
    text = (folder / "shipway.toml").read_text()
    (folder / "shipway.toml").write_text(text.replace("bake = 600", "bake = 0"))
    served = []
    for number in range(2):
        (folder / "tiny" / "__init__.py").write_text(f"{GOOD}# release {number}\n")
        assert shipway(folder, "run", "package").returncode == 0
        assert shipway(folder, "deploy").returncode == 0
        served.append(json.loads(shipway(folder, "status", "--json").stdout)["release"])
    (folder / "tiny" / "__init__.py").write_text(GOOD + "# another release\n")
    assert shipway(folder, "run", "package").returncode == 0
    yield Application(folder, port, *served)
    shipway(folder, "down", "local")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_share_whose_command_was_killed_goes_back_by_itself(
    application: Application, strategy: str
) -> None:
    with application.client() as client:
        command = application.deploying(strategy)
        command.kill()
        command.communicate(timeout=PATIENCE)
        until(lambda: application.unfinished() is None)
    state = application.status()
    assert (state["release"], state["rollout"]) == (application.stable, None)
    rollout = application.last_rollout()
    assert rollout["verdict"] == "rolled back"
    assert rollout["cause"] == "the command that carried it out was killed"
    assert client.failed == 0, client.seen
    assert client.differences(application.receipt()) == {}


@pytest.mark.parametrize(
    ("strategy", "number"),
    [
        ("rolling", signal.SIGTERM),
        ("blue-green", signal.SIGHUP),
        ("linear", signal.SIGINT),
        ("canary", signal.SIGQUIT),
    ],
)
def test_a_share_goes_back_at_a_signal(
    application: Application, strategy: str, number: signal.Signals
) -> None:
    with application.client() as client:
        command = application.deploying(strategy)
        command.send_signal(number)
        output, errors = command.communicate(timeout=PATIENCE)
    assert command.returncode == 3, output + errors
    assert "it was interrupted" in output
    state = application.status()
    assert (state["release"], state["rollout"]) == (application.stable, None)
    assert client.failed == 0, client.seen
    assert client.differences(application.receipt()) == {}


@pytest.mark.parametrize("killed", [False, True])
def test_a_rollout_that_goes_back_already_ends_there_whatever_the_command_gets(
    application: Application, *, killed: bool
) -> None:
    """Its first signal does not leave it halfway, and after SIGKILL its supervisor ends it."""
    with application.client() as client:
        command = application.deploying("rolling")
        command.send_signal(signal.SIGTERM)
        read_until(command, "start old")
        if killed:
            command.kill()
        command.communicate(timeout=PATIENCE)
        until(lambda: application.unfinished() is None)
    assert application.status()["release"] == application.stable
    assert client.failed == 0, client.seen


def read_until(command: subprocess.Popen[str], words: str) -> None:
    """What a command prints, up to the line with these words."""
    assert command.stdout is not None
    while words not in (line := command.stdout.readline()):
        assert line, words


def left_unfinished(application: Application, strategy: str) -> None:
    """A deploy was killed, and so was the supervisor that would take it back."""
    command = application.deploying(strategy)
    command.kill()
    command.communicate(timeout=PATIENCE)
    for pid in supervisors(application.folder):
        os.kill(pid, signal.SIGKILL)


# What a signal does to a command is the same for all (tests/system/test_interruption.py), so each
# of these commands gets two of them.
@pytest.mark.parametrize(
    ("name", "strategy", "begun_with", "code", "number"),
    [
        ("resume", "canary", "going on with the rollout", 3, signal.SIGTERM),
        ("resume", "canary", "going on with the rollout", 3, signal.SIGQUIT),
        ("cancel", "rolling", "start old", 0, signal.SIGHUP),
        ("cancel", "rolling", "start old", 0, signal.SIGINT),
    ],
)
def test_what_ends_a_rollout_goes_back_although_it_gets_a_signal(
    application: Application,
    name: str,
    strategy: str,
    begun_with: str,
    code: int,
    number: signal.Signals,
) -> None:
    with application.client() as client:
        left_unfinished(application, strategy)
        command = begun(application.folder, name)
        read_until(command, begun_with)
        command.send_signal(number)
        output, errors = command.communicate(timeout=PATIENCE)
    assert command.returncode == code, output + errors
    state = application.status()
    assert (state["release"], state["rollout"]) == (application.stable, None)
    assert client.failed == 0, client.seen
    assert client.differences(application.receipt()) == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_rollback_that_gets_a_signal_leaves_what_served_and_is_no_success(
    application: Application, number: signal.Signals
) -> None:
    serving = application.status()["release"]
    configure(application.folder, application.port, "rolling", NEVER_HEALTHY)
    with application.client() as client:
        command = begun(application.folder, "rollback", "--to", application.earlier, "--force")
        until(lambda: command.poll() is not None or application.unfinished())
        command.send_signal(number)
        output, errors = command.communicate(timeout=PATIENCE)
    configure(application.folder, application.port, "rolling")
    assert command.returncode == 3, output + errors
    state = application.status()
    assert (state["release"], state["rollout"]) == (serving, None)
    assert client.failed == 0, client.seen
    assert client.differences(application.receipt()) == {}


def test_what_ended_leaves_no_supervisor(application: Application) -> None:
    command = application.deploying("canary")
    command.send_signal(signal.SIGTERM)
    command.communicate(timeout=PATIENCE)
    until(lambda: not supervisors(application.folder))


def supervisors(folder: Path) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode().split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if "shipway.rollouts.local.supervisor" in words and str(folder) in words:
            found.append(int(path.parent.name))
    return found
