"""Rollouts as they are asked for, where there is nothing to roll out yet."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway

WEB = (
    '[application]\nname = "web"\nserve = "gunicorn app:x"\nlock = "requirements.txt"\n'
    "[environments.local]\nport = 0\n[environments.staging]\n" + only()
)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", WEB, {"requirements.txt": ""})


def test_without_a_release_there_is_nothing_to_deploy_or_to_go_back_to(web: Path) -> None:
    deployed = shipway(web, "deploy")
    assert deployed.returncode == 2
    assert "no release is packaged yet" in deployed.stderr
    assert "next: Package one: shipway run package." in deployed.stderr
    assert "explain no-release\n" in deployed.stderr
    back = shipway(web, "rollback", "local")
    assert back.returncode == 2
    assert "next: " in back.stderr


def test_where_nothing_runs_it_is_said(web: Path) -> None:
    status = shipway(web, "status")
    assert (status.returncode, status.stdout) == (
        0,
        "local: nothing runs; start it with shipway run\n",
    )
    found = json.loads(shipway(web, "status", "--json", "--history").stdout)
    assert (found["release"], found["history"]) == ("", [])
    logs = shipway(web, "logs")
    assert logs.stdout == ""
    assert "local: nothing runs; start it with shipway run" in logs.stderr
    assert shipway(web, "down").stdout == "local: nothing runs\n"
    down = json.loads(shipway(web, "down", "--json").stdout)
    assert down == {"environment": "local", "stopped": 0}


def test_a_rollout_without_its_release_says_what_is_missing(web: Path) -> None:
    done = shipway(web, "run", "deploy-local", "--skip", "package", "--strict")
    assert done.returncode == 5, done.stdout
    assert "there is no release to roll out" in done.stdout
    assert "Shipway itself failed" not in done.stdout
