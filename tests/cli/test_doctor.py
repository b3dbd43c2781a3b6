"""`shipway doctor`, on machines on which something is missing or does not answer."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from tests.cli.in_process import shipway

from shipway.cli.doctor import CHROMIUM, Machine, Part, lines, look
from shipway.system.process import SystemProcesses

TOP = Path(__file__).parents[2]


def scripts(folder: Path, **texts: str) -> Path:
    """Programs of these names, as shell scripts."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return folder


def examined(folder: Path, timeout: float = 20.0) -> tuple[dict[str, Part], list[str]]:
    """The parts on a machine whose PATH is this folder, and what was said meanwhile."""
    said: list[str] = []
    machine = Machine({"PATH": str(folder)}, SystemProcesses(), timeout)
    return {part.name: part for part in look(machine, said.append)}, said


def test_what_is_missing_is_named_with_what_is_lost_and_how_to_get_it(tmp_path: Path) -> None:
    done = shipway(tmp_path, "doctor", PATH=str(tmp_path))
    assert done.returncode == 1
    found = {line.split()[1]: line for line in done.stdout.splitlines()}
    assert found["git"].startswith("missing  git")
    assert found["git"].endswith("apt-get install git")
    assert found["docker"].startswith("absent   docker")
    assert found["python"].startswith("ok ")
    assert found["uv"].startswith("ok ")  # it comes beside Shipway's Python, on no PATH
    lost = "without it: browser tests do not run; coverage is computed without them\n"
    assert lost in done.stdout
    parts = json.loads(shipway(tmp_path, "doctor", "--json", PATH=str(tmp_path)).stdout)
    assert {one["name"] for one in parts if one["needed"] and not one["here"]} == {"git"}
    assert all(one["lost"] for one in parts)


def test_where_everything_needed_is_here_doctor_is_content(tmp_path: Path) -> None:
    done = shipway(tmp_path, "doctor")
    assert "missing" not in done.stdout
    assert done.returncode == 0


def test_a_client_whose_engine_does_not_answer_is_not_here(tmp_path: Path) -> None:
    refusing = "echo 'Cannot connect to the Docker daemon. Is it running?' >&2; exit 1"
    parts, _ = examined(
        scripts(tmp_path / "bin", docker=refusing, podman="exit 3", buildah="exit 1")
    )
    docker = parts["docker"]
    assert not docker.here and not docker.needed
    assert "Cannot connect to the Docker daemon" in docker.what
    assert str(tmp_path / "bin" / "docker") in docker.what and "systemctl start" in docker.what
    assert lines(docker)[0].startswith("absent   docker")
    assert not parts["podman"].here and not parts["buildah"].here


@pytest.mark.needs("docker")
def test_the_real_client_without_its_engine_is_not_here(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/docker.sock"
    done = shipway(tmp_path, "doctor", "--json", DOCKER_HOST=nowhere)
    (docker,) = [one for one in json.loads(done.stdout) if one["name"] == "docker"]
    assert not docker["here"]
    assert "docker does not work: " in docker["what"]


def test_an_engine_that_answers_is_here_with_its_version(tmp_path: Path) -> None:
    answering = 'case "$1" in version) echo 27.1;; *) exit 1;; esac'
    parts, _ = examined(scripts(tmp_path / "bin", docker=answering))
    assert parts["docker"].here
    assert "docker (classic) 27.1" in parts["docker"].what


def test_what_does_not_answer_is_named_while_it_is_waited_for_and_given_up(tmp_path: Path) -> None:
    parts, said = examined(scripts(tmp_path / "bin", docker="exec /bin/sleep 600"), timeout=3.0)
    assert "did not answer within 3 s" in parts["docker"].what
    assert not parts["docker"].here
    assert any(line.startswith("asking docker: ") for line in said)


def test_a_browser_and_servers_are_here_by_what_they_say_of_themselves(tmp_path: Path) -> None:
    folder = scripts(
        tmp_path / "bin",
        chromium="echo Chromium 130.0",
        redis_server="echo Redis server v=7.2",
        git="echo git version 2.45",
    )
    parts, _ = examined(folder)
    assert parts["chromium"].what == f"Chromium 130.0, {folder}/chromium"
    assert "Redis server v=7.2" in parts["redis"].what and parts["redis"].here
    assert parts["git"].here and "2.45" in parts["git"].what


def test_a_browser_that_cannot_start_is_not_here(tmp_path: Path) -> None:
    parts, _ = examined(scripts(tmp_path / "bin", chromium="exit 127"))
    assert not parts["chromium"].here
    assert "ended with code 127" in parts["chromium"].what


def test_the_browser_is_looked_for_by_the_name_that_the_tests_look_for() -> None:
    for tests in (TOP / "mycandidate" / "tests", TOP / "tests" / "reports"):
        texts = [path.read_text(encoding="utf-8") for path in tests.rglob("*.py")]
        names = {
            name for text in texts for name in re.findall(r'CHROMIUM = .*which\("(.+?)"', text)
        }
        assert names == {CHROMIUM}


def test_an_envoy_that_is_not_installed_is_missed(tmp_path: Path) -> None:
    paths = list(sys.path)
    try:
        sys.path[:] = [path for path in paths if "site-packages" not in path]
        parts, _ = examined(tmp_path)
    finally:
        sys.path[:] = paths
    assert parts["envoy"].needed and not parts["envoy"].here
    assert "make setup" in parts["envoy"].what
