"""`shipway image` and the steps image and publish, with real builders and a real registry."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.image_project import commit, town
from tests.cli.in_process import environment, git, shipway
from tests.images.engines import docker, storage
from tests.images.registries import client, running

from shipway.cli.attached_verdict import attested_run
from shipway.cli.deploy import packaged_release
from shipway.cli.project import open_project
from shipway.images import oci
from shipway.images.provenance import is_passing_verdict
from shipway.images.referrers import read_documents


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return storage(tmp_path_factory.mktemp("buildah"))


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    with running(tmp_path / "registry") as place:
        yield place


def built(folder: Path, variables: dict[str, str]) -> dict[str, Any]:
    done = shipway(folder, "image", "build", "--json", **variables)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.e2e
def test_the_same_commit_gives_the_same_digest_in_another_clone_and_by_another_builder(
    tmp_path: Path, buildah: dict[str, str]
) -> None:
    here = town(tmp_path / "here", "buildah")
    one = built(here, buildah)
    git(tmp_path, "clone", "--quiet", str(here), "clone")
    (tmp_path / "clone" / "main" / "page").touch()
    (tmp_path / "clone" / "main" / "page").chmod(0o600)
    two = built(tmp_path / "clone", storage(tmp_path / "elsewhere"))
    assert one["digest"] == two["digest"] and one["origin"] == two["origin"]
    text = (here / "shipway.toml").read_text().replace('"buildah"', '"docker"')
    shutil.copytree(here, tmp_path / "docker", ignore=shutil.ignore_patterns(".shipway"))
    (tmp_path / "docker" / "shipway.toml").write_text(text)
    three = built(tmp_path / "docker", docker())
    assert [layer["packages"] for layer in three["layers"]] == [
        layer["packages"] for layer in one["layers"]
    ]
    assert three["builder"].startswith("docker")


@pytest.mark.e2e
def test_what_git_ignores_never_reaches_the_image_and_labels_say_where_it_is_from(
    tmp_path: Path, buildah: dict[str, str]
) -> None:
    here = town(tmp_path / "here", "buildah")
    (here / "Dockerfile").write_text("FROM scratch\nCOPY . /all\n")
    head = commit(here)
    found = built(here, buildah)
    layout = here / ".shipway" / "image" / "blobs" / "sha256"
    manifest = json.loads((layout / found["digest"][7:]).read_text())
    assert manifest["annotations"][oci.REVISION] == head
    assert found["origin"]["changed"] is False
    (layer,) = found["layers"]
    assert layer["packages"].keys() == {"/all", "/all/main", "/all/data"}
    with tarfile.open(layout / manifest["layers"][0]["digest"][7:]) as tar:
        names = {one.name for one in tar}
    assert "all/main/run" in names and not any(".env" in name or ".git/" in name for name in names)


@pytest.mark.e2e
def test_too_large_an_image_fails_and_names_what_is_large(
    tmp_path: Path, buildah: dict[str, str]
) -> None:
    here = town(tmp_path / "here", "buildah", more="added_mb = 0.001")
    done = shipway(here, "image", "build", **buildah)
    assert done.returncode == 1
    assert re.search(
        r"too large: added to the base is [\d.]+ MB; at most .* is allowed; .*layer", done.stdout
    )
    done = shipway(here, "run", "image", **buildah)
    assert done.returncode == 2 or "there is no such" not in done.stdout


@pytest.mark.e2e
def test_a_build_that_fails_says_so_in_the_builders_words(
    tmp_path: Path, buildah: dict[str, str]
) -> None:
    here = town(tmp_path / "here", "buildah")
    (here / "Dockerfile").write_text("FROM scratch\nCOPY nowhere /x\n")
    done = shipway(here, "image", "build", **buildah)
    assert done.returncode == 1 and "nowhere" in done.stderr and "Dockerfile" in done.stderr


def test_without_a_builder_it_is_said_why_and_how_to_get_one(tmp_path: Path) -> None:
    here = town(tmp_path / "here", "auto", "127.0.0.1:1")
    for name in ("git", "env"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "")
    done = shipway(here, "image", "build", PATH=str(tmp_path / "bin"))
    assert done.returncode == 5
    assert "docker is not here; podman is not here; buildah is not here" in done.stderr
    done = shipway(here, "run", "image", "--strict", PATH=str(tmp_path / "bin"))
    assert done.returncode == 5 and "unavailable" in done.stdout


def test_a_plain_run_builds_no_image_and_says_so(tmp_path: Path) -> None:
    here = town(tmp_path / "here", "auto", "127.0.0.1:1")
    done = shipway(
        here,
        "run",
        "--json",
        "--strict",
        "--skip",
        "install",
        "--skip",
        "package",
        PATH="/usr/bin:/bin",
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    said = {
        one["step"]: (one["outcome"], one.get("reason", ""))
        for one in events
        if one["event"] == "step_finished"
    }
    assert said["image"] == ("skipped", "it runs when asked for: shipway run image")
    assert said["publish"][0] == "skipped" and done.returncode == 0
    plan = json.loads(shipway(here, "plan", "--json").stdout)
    planned = {one["step"]: one["runs"] for one in plan}
    assert not planned["image"] and not planned["publish"]
    asked = json.loads(shipway(here, "plan", "publish", "--json").stdout)
    assert {"image", "publish"} <= {one["step"] for one in asked if one["runs"]}


@pytest.mark.e2e
def test_what_is_built_is_pushed_once_and_an_environments_tag_moves_without_a_pull(
    tmp_path: Path, buildah: dict[str, str], registry: str
) -> None:
    here = town(tmp_path / "here", "buildah", registry)
    head = commit_of(here)
    first = built(here, buildah)
    pushed = json.loads(shipway(here, "image", "push", "--json", **buildah).stdout)
    assert pushed["image"] == f"{registry}/town@{first['digest']}"
    assert pushed["tags"] == ["1.4.0", f"sha-{head[:12]}"] and pushed["blobs"] == 3
    again = json.loads(shipway(here, "image", "push", "--json").stdout)
    assert (again["blobs"], again["sent"]) == (0, 0)
    town_here = client(registry)
    assert town_here.digest("1.4.0") == town_here.digest(f"sha-{head[:12]}") == first["digest"]

    (here / "main" / "page").write_text("hello again\n")
    commit(here, hour=1)
    second = built(here, buildah)
    pushed = json.loads(shipway(here, "image", "push", "--to", "staging", "--json").stdout)
    # Both layers of files have the commit's time, and the configuration names them.
    assert pushed["blobs"] == 3 and pushed["sent"] < 10_000
    assert town_here.digest("staging") == second["digest"]
    assert town_here.digest("1.4.0") == first["digest"]  # a version's tag never moves

    back = shipway(here, "image", "push", first["digest"], "--to", "staging", "--json")
    assert json.loads(back.stdout)["before"] == second["digest"]
    assert town_here.digest("staging") == first["digest"]
    (said,) = read_documents(town_here, first["digest"], oci.STATEMENT_TYPE)
    assert json.loads(said)["predicateType"] == "https://slsa.dev/provenance/v1"
    missing = shipway(here, "image", "push", "sha256:" + "0" * 64, "--to", "staging")
    assert missing.returncode == 2 and "MANIFEST_UNKNOWN" in missing.stderr


def commit_of(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD")


@pytest.mark.e2e
def test_a_published_release_has_its_image_and_the_runs_verdict(
    tmp_path: Path, buildah: dict[str, str], registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = town(tmp_path / "here", "buildah", registry)
    own = environment(here)["XDG_STATE_HOME"]  # the key of its seals is there
    monkeypatch.setenv("XDG_STATE_HOME", own)
    done = shipway(here, "run", "publish", "--strict", "--json", **buildah)
    assert done.returncode == 0, done.stdout[-2000:]
    events = [json.loads(line) for line in done.stdout.splitlines()]
    lines = [one.get("line", "") for one in events]
    digest = client(registry).digest("1.4.0")
    assert any(f"published {registry}/town@{digest}" in line for line in lines)
    (said,) = read_documents(client(registry), digest, oci.VERDICT_TYPE)
    assert is_passing_verdict(json.loads(said), digest)
    opened = open_project(str(here))
    release = packaged_release(opened)
    assert release.image == f"{registry}/town@{digest}"
    assert attested_run(opened, release)
    other = replace(release, image=release.image[:-8] + "00000000")
    assert attested_run(opened, other) == attested_run(opened, replace(release, image="")) == ""
    assert attested_run(opened, replace(release, commit="f" * 40)) == ""  # of another release


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("push",), "there is no registry to push to"),
        (("push", "--to", "nowhere"), "there is no environment 'nowhere'"),
        (("push", "sha256:1", "--to", "staging"), "is to be pushed to nowhere"),
        (("scan",), "no image is built yet"),
    ],
)
def test_words_that_cannot_be_carried_out_say_what_is_wanted(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = shipway(town(tmp_path / "here", "auto"), "image", *words)
    assert done.returncode == 2 and said in done.stderr and "next: " in done.stderr
