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
BEGINNING = '"""'  # of a file


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
    definition = town.client("ecs").describe_task_definition(taskDefinition=NAMES.family)
    image = definition["taskDefinition"]["containerDefinitions"][0]["image"]
    town.client("ecr").describe_images(
        repositoryName=NAMES.repository, imageIds=[{"imageDigest": image.partition("@")[2]}]
    )  # raises where it is not there
    pages = town.shipway("task", "staging", "--", "flask", "--app", "main", "db", "current")
    assert "(head)" in pages
    assert town.served("/health/ready") == first
    planned = town.shipway("plan", "staging")
    assert f"staging: {first} (mycandidate-staging:2) runs already; nothing would change" in planned


def test_a_second_version_goes_forward_and_back(town: Town, first: str) -> None:
    town.published("Second")
    planned = town.shipway("plan", "staging")
    assert f"staging: {first}" in planned and "would replace it" in planned
    assert "RELEASE" in planned
    second = release_of(town.shipway("deploy", "staging"))
    assert second != first and running(town)["release"] == second
    said = town.shipway("rollback", "staging")
    assert f"went back to {first}" in said
    assert running(town)["release"] == first


def test_a_command_runs_once_in_the_release_and_its_lines_are_shown(town: Town, first: str) -> None:
    said = town.shipway("task", "staging", "--", "python", "-c", "print('from the ' + 'task')")
    assert "from the task" in said
    assert first in town.shipway("logs", "staging")


def test_an_image_that_crashes_is_rolled_back_with_cause_and_remedy(town: Town, first: str) -> None:
    crash = "raise RuntimeError('this one cannot start')\n"
    town.change("gunicorn.conf.py", BEGINNING, crash + BEGINNING)
    town.shipway("run", "publish", "--strict")
    said = town.shipway("deploy", "staging", code=3)
    assert "this one cannot start" in said
    assert "its program ended by itself (exit code 1)" in said
    assert "next: Look at its last log lines: shipway logs staging" in said
    assert running(town)["release"] == first
    town.change("gunicorn.conf.py", crash, "")


def test_an_image_that_is_not_there_stops_it_before_anything_is_touched(
    town: Town, first: str
) -> None:
    digest = town.published("Third")
    town.client("ecr").batch_delete_image(
        repositoryName=NAMES.repository, imageIds=[{"imageDigest": digest}]
    )
    said = town.shipway("deploy", "staging", code=1)
    assert f"has no image {NAMES.repository}@{digest}" in said
    assert "shipway image push" in said
    assert "nothing was changed" in said
    assert running(town)["release"] == first


def test_an_image_that_vanishes_on_the_way_is_rolled_back_with_cause_and_remedy(
    town: Town, first: str
) -> None:
    # A migration would need the image first, and end it before anything is rolled out.
    town.change("shipway.toml", "migrate =", "# migrate =")
    town.cloud.front.images.lose(town.published("Fourth"))
    said = town.shipway("deploy", "staging", code=3)
    assert "why:  the image does not exist in the registry" in said
    assert "next: Push it again: shipway image push" in said
    assert running(town)["release"] == first
