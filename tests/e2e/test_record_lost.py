"""The record is deleted or damaged while a release serves: its processes are found and ended."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway
from tests.e2e.local_site import GOOD, Client
from tests.e2e.ordeal import groups
from tests.patience import until

from shipway.system.network import free_port

pytestmark = pytest.mark.e2e


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A project whose release serves, and the port."""
    folder, port = tmp_path / "web", free_port()
    configuration = (
        '[application]\nname = "tiny"\nserve = "gunicorn --bind {bind} --threads 4 tiny:app"\n'
        f'health = "/"\n{only()}[environments.local]\nport = {port}\ninstances = 2\n'
        "health_timeout = 60\ndrain_timeout = 5\njudged = false\nprobes = 0\n"
    )
    project(folder, configuration, {"tiny/__init__.py": GOOD, "requirements.txt": "gunicorn\n"})
    assert shipway(folder, "run", "package").returncode == 0
    assert shipway(folder, "deploy").returncode == 0
    yield folder, port
    shipway(folder, "down", "local")


def lose_record(folder: Path) -> None:
    for path in (folder / ".shipway").glob("record.sqlite3*"):
        path.unlink()


def test_processes_that_the_record_does_not_know_are_told_and_ended_by_down(
    serving: tuple[Path, int],
) -> None:
    folder, _ = serving
    lose_record(folder)
    status = shipway(folder, "status", "--json")
    assert status.returncode == 1
    assert len(json.loads(status.stdout)["unrecorded"]) == 3
    assert "it was lost, with the releases, rollouts and holds" in shipway(folder, "status").stdout
    assert "3 processes stopped" in shipway(folder, "down").stdout
    assert not groups(folder)
    assert json.loads(shipway(folder, "status", "--json").stdout)["unrecorded"] == []


def test_the_next_deploy_serves_and_leaves_nothing_of_what_was_lost(
    serving: tuple[Path, int],
) -> None:
    folder, port = serving
    lose_record(folder)
    assert shipway(folder, "run", "package").returncode == 0
    assert shipway(folder, "deploy").returncode == 0
    status = json.loads(shipway(folder, "status", "--json").stdout)
    assert status["unrecorded"] == [] and status["proxy"]
    assert sum(groups(folder).values()) == 3
    with Client(port) as client:
        until(lambda: client.asked)
    assert client.failed == 0
