"""MyCandidate from its commit to ECS, as far as a machine without AWS can show it: a real image,
real containers, a real PostgreSQL; MiniStack for AWS."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.cloud import cloud
from tests.e2e.town_on_ecs import NAMES, Database, Town, release_of

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with tempfile.TemporaryDirectory(prefix="town-") as name, cloud(Path(name)) as here:
        folder = Path(name)
        folder.chmod(0o711)  # as root, PostgreSQL runs as somebody else
        (folder / "database").mkdir()
        database = Database(folder / "database")
        made = Town(folder, here)
        try:
            made.make(database.start())
            yield made
        finally:
            database.stop()


@pytest.fixture(scope="module")
def first(town: Town) -> str:
    """The release that was rolled out first: everything from the commit on."""
    town.shipway("run", "publish", "--strict")
    return release_of(town.shipway("deploy", "staging"))


def running(town: Town) -> dict[str, str]:
    """What status says."""
    found: dict[str, str] = json.loads(town.shipway("status", "staging", "--json"))
    return found


def test_it_is_built_published_migrated_rolled_out_and_smoke_tested(town: Town, first: str) -> None:
    found = running(town)
    assert found["release"] == first
    history = json.loads(town.shipway("status", "staging", "--history", "--json"))["history"]
    told = " ".join(one["text"] for one in history[0]["timeline"])
    assert "flask --app main db upgrade" in told
    assert "/health/ready" in told
    image = town.client("ecr").describe_images(repositoryName=NAMES.repository)["imageDetails"]
    assert image[0]["imageDigest"].startswith("sha256:")


def test_a_second_version_goes_forward_and_back(town: Town, first: str) -> None:
    town.change("main/pages.py", '"""', '"""Second. ')
    town.shipway("run", "publish", "--strict")
    second = release_of(town.shipway("deploy", "staging"))
    assert second != first and running(town)["release"] == second
    said = town.shipway("rollback", "staging")
    assert "went back to" in said
    assert running(town)["release"] == first


def test_a_command_runs_once_in_the_release_and_its_lines_are_shown(town: Town, first: str) -> None:
    said = town.shipway("task", "staging", "--", "python", "-c", "print('from the ' + 'task')")
    assert "from the task" in said
    assert town.shipway("logs", "staging")


def test_an_image_that_crashes_is_rolled_back_with_cause_and_remedy(town: Town, first: str) -> None:
    town.change("main/wsgi.py", "from", "raise SystemExit('this one cannot start')\nfrom")
    town.shipway("run", "publish", "--strict")
    said = town.shipway("deploy", "staging", code=3)
    assert "this one cannot start" in said
    assert "why:" in said and "next:" in said
    assert running(town)["release"] == first
