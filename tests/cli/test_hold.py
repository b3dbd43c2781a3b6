"""`shipway hold`, as a person and as a script use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway

WEB = (
    '[application]\nname = "web"\nserve = "gunicorn app:x"\nlock = "requirements.txt"\n'
    "[environments.local]\nport = 0\n" + only()
)


@pytest.fixture
def web(tmp_path: Path) -> Path:
    return project(tmp_path / "web", WEB, {"requirements.txt": ""})


def test_held_nobody_deploys_and_the_message_says_what_to_do(web: Path) -> None:
    held = shipway(web, "hold", "local", "--reason", "the votes\nare counted", GITHUB_ACTOR="ann")
    assert held.returncode == 0
    assert held.stdout.startswith("local is held by ann since ")
    assert held.stdout.endswith(": the votes are counted\n")
    refused = shipway(web, "deploy", "local")
    assert refused.returncode == 6
    assert "local is held by ann" in refused.stderr
    assert "next: When the reason is gone: shipway hold local --release." in refused.stderr
    assert "no release is packaged yet" not in refused.stderr


def test_released_it_is_as_before(web: Path) -> None:
    shipway(web, "hold", "local", "--reason", "why not")
    assert shipway(web, "hold", "local", "--release").stdout == "local is released\n"
    assert shipway(web, "hold", "local", "--release").stdout == "local was not held\n"
    assert shipway(web, "hold", "local").stdout == "local is not held\n"
    assert "no release is packaged yet" in shipway(web, "deploy", "local").stderr


def test_json_has_the_hold(web: Path) -> None:
    assert json.loads(shipway(web, "hold", "local", "--json").stdout) == {"hold": None}
    shipway(web, "hold", "local", "--reason", "why not")
    found = json.loads(shipway(web, "hold", "local", "--json").stdout)["hold"]
    assert (found["environment"], found["reason"]) == ("local", "why not")
    assert set(found) == {"environment", "reason", "by", "since"}


def test_words_that_contradict_each_other_are_refused(web: Path) -> None:
    done = shipway(web, "hold", "local", "--reason", "a", "--release")
    assert done.returncode == 2 and "contradict" in done.stderr
    assert "Configured: local" in shipway(web, "hold", "nowhere").stderr
