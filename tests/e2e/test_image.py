"""MyCandidate's image, from a base made by mmdebstrap to a registry, and back into a container."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.in_process import git, shipway
from tests.images.engines import BASE, buildah, with_base
from tests.images.registries import client, running

from shipway.checks.osv.image import packages_of_image
from shipway.images import oci

pytestmark = pytest.mark.e2e

APPLICATION = Path(__file__).parent.parent.parent / "mycandidate"
KEPT = Path.home() / ".cache" / "shipway-tests" / "buildah"
SETTINGS = """
builder = "buildah"
python_image = "{base}"
registry = "{registry}"
"""


@pytest.fixture(scope="module")
def variables() -> dict[str, str]:
    return with_base(KEPT)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("registry")) as place:
        yield place


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, registry: str) -> Path:
    """MyCandidate as a repository of its own."""
    folder = tmp_path_factory.mktemp("work") / "mycandidate"
    shutil.copytree(
        APPLICATION, folder, ignore=shutil.ignore_patterns(".shipway", ".venv", "__pycache__")
    )
    with (folder / "shipway.toml").open("a") as file:  # its last table is [image]
        file.write(SETTINGS.format(base=BASE, registry=registry))
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "work")


def build(folder: Path, variables: dict[str, str]) -> dict[str, Any]:
    done = shipway(folder, "image", "build", "--json", **variables)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_mycandidates_image_is_small_scanned_pushed_once_and_starts(
    tree: Path, variables: dict[str, str], registry: str
) -> None:
    first = build(tree, variables)
    assert first["added"] <= 60e6 and first["packages"]["sqlalchemy"] > 1e6
    found = packages_of_image(str(tree / ".shipway" / "image")).places
    assert {"flask", "gunicorn"} <= {one.name for one in found["PyPI"]}
    assert len(found["Debian:12"]) > 50
    pushed = shipway(tree, "image", "push", "--json", **variables)
    assert pushed.returncode == 0, pushed.stderr
    place = json.loads(pushed.stdout)["image"]

    with (tree / "main" / "pages.py").open("a") as file:
        file.write("# one more line\n")
    commit(tree)
    second = build(tree, variables)
    assert second["digest"] != first["digest"]
    again = json.loads(shipway(tree, "image", "push", "--json", **variables).stdout)
    assert 0 < again["sent"] < 1e6  # what a change of code sends again

    manifest = client(registry, "mycandidate").manifest(first["digest"])
    assert manifest.media_type == oci.MANIFEST
    container = buildah(variables, "from", "--tls-verify=false", f"docker://{place}")
    try:
        said = buildah(
            variables,
            "run",
            container,
            "--",
            "python3",
            "-c",
            "import flask, sqlalchemy, psycopg, main, os; print(os.getuid(), main.__file__)",
        )
        assert said == "10001 /app/main/__init__.py"
    finally:
        buildah(variables, "rm", container)
