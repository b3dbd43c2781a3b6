"""A deploying command that gets a signal or is killed: its rollout goes back by itself.

With real Envoy, gunicorn and commands, under clients that never stop asking.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import begun, only, project, shipway
from tests.e2e.local_site import GOOD, Client
from tests.patience import PATIENCE, until

from shipway.system.network import free_port

pytestmark = pytest.mark.e2e
STRATEGIES = ("rolling", "blue-green", "linear", "canary")


@dataclass(frozen=True)
class Application:
    """A project with a release that serves, and one that is packaged. stable: what serves."""

    folder: Path
    port: int
    stable: str

    def status(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(shipway(self.folder, "status", "--json").stdout)
        return state

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
        rollout = self.status()["rollout"]
        return bool(rollout and rollout["weight"] and "SCALE" not in rollout["stage"])


def configure(folder: Path, port: int, strategy: str) -> None:
    """Bakes of ten minutes: the rollout does not get to its end by itself."""
    (folder / "shipway.toml").write_text(
        '[application]\nname = "tiny"\nserve = "gunicorn --bind {bind} --threads 4 tiny:app"\n'
        f'health = "/"\n{only()}[environments.local]\nport = {port}\ninstances = 2\n'
        "health_timeout = 60\ndrain_timeout = 5\njudged = false\nprobes = 0\nbake = 600\n"
        f'step_bake = 600\nlease_duration = 1\nstrategy = "{strategy}"\n'
    )


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    folder, port = tmp_path_factory.mktemp("ended") / "web", free_port()
    project(folder, "", {"tiny/__init__.py": GOOD, "requirements.txt": "gunicorn\n"})
    configure(folder, port, "rolling")
    assert shipway(folder, "run", "package").returncode == 0
    assert shipway(folder, "deploy").returncode == 0
    stable = json.loads(shipway(folder, "status", "--json").stdout)["release"]
    (folder / "tiny" / "__init__.py").write_text(GOOD + "# another release\n")
    assert shipway(folder, "run", "package").returncode == 0
    yield Application(folder, port, stable)
    shipway(folder, "down", "local")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_share_whose_command_was_killed_goes_back_by_itself(
    application: Application, strategy: str
) -> None:
    with Client(application.port) as client:
        command = application.deploying(strategy)
        command.kill()
        command.communicate(timeout=PATIENCE)
        until(lambda: application.status()["rollout"] is None)
    assert application.status()["release"] == application.stable
    rollout = application.last_rollout()
    assert rollout["verdict"] == "rolled back"
    assert rollout["cause"] == "the command that carried it out was killed"
    assert client.failed == 0, client.seen


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
    with Client(application.port) as client:
        command = application.deploying(strategy)
        command.send_signal(number)
        output, errors = command.communicate(timeout=PATIENCE)
    assert command.returncode == 3, output + errors
    assert "it was interrupted" in output
    state = application.status()
    assert (state["release"], state["rollout"]) == (application.stable, None)
    assert client.failed == 0, client.seen


@pytest.mark.parametrize("killed", [False, True])
def test_a_rollout_that_goes_back_already_ends_there_whatever_the_command_gets(
    application: Application, *, killed: bool
) -> None:
    """Its first signal does not leave it halfway, and after SIGKILL its supervisor ends it."""
    with Client(application.port) as client:
        command = application.deploying("rolling")
        command.send_signal(signal.SIGTERM)
        assert command.stdout is not None
        while "start old" not in (line := command.stdout.readline()):
            assert line
        if killed:
            command.kill()
        command.communicate(timeout=PATIENCE)
        until(lambda: application.status()["rollout"] is None)
    assert application.status()["release"] == application.stable
    assert client.failed == 0, client.seen


def test_what_ended_leaves_no_supervisor(application: Application) -> None:
    command = application.deploying("canary")
    command.send_signal(signal.SIGTERM)
    command.communicate(timeout=PATIENCE)
    until(lambda: not supervisors(application.folder))


def supervisors(folder: Path) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode().split("\0")
        except OSError:  # it has ended meanwhile
            continue
        if "shipway.rollouts.local.supervisor" in words and str(folder) in words:
            found.append(" ".join(words))
    return found
