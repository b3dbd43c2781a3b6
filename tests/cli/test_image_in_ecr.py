"""Publishing to ECR: the repository is made, ECR's own scan has its say, and then come the tags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from tests.cli.image_project import commit, town
from tests.cli.in_process import shipway
from tests.images import ecr_in_ministack
from tests.images.engines import storage

pytestmark = pytest.mark.e2e
WAIVED = """
[[waivers]]
rule = "CVE-2026-1000"
reason = "never reached"
owner = "maintainers"
expires = 2099-01-01
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ecr_in_ministack.ministack(tmp_path_factory.mktemp("cloud")) as url:
        yield url


@pytest.fixture(scope="module")
def buildah(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return storage(tmp_path_factory.mktemp("buildah"))


def tags(url: str, name: str) -> list[list[str]]:
    client = boto3.client(
        "ecr",
        endpoint_url=url,
        region_name=ecr_in_ministack.REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    found = client.describe_images(repositoryName=name)["imageDetails"]
    return [sorted(one.get("imageTags", [])) for one in found]


def test_what_ecr_finds_stops_the_image_before_it_has_a_tag_unless_it_is_waived(
    tmp_path: Path, cloud: str, buildah: dict[str, str]
) -> None:
    here = town(tmp_path / "here", "buildah", "ecr", 'repository = "scanned"')
    with ecr_in_ministack.scanning(cloud, "CRITICAL", "LOW") as url:
        variables = {**buildah, **ecr_in_ministack.variables(url)}
        done = shipway(here, "run", "publish", **variables)
        assert done.returncode == 1, done.stdout[-1500:] + done.stderr[-1500:]
        assert "1 critical finding is open; none is allowed" in done.stdout
        assert "(CVE-2026-1000)" in done.stdout
        assert tags(cloud, "scanned") == [[]]
        with (here / "shipway.toml").open("a") as file:
            file.write(WAIVED)
        head = commit(here)
        done = shipway(here, "run", "publish", "--strict", **variables)
        assert done.returncode == 0, done.stdout[-1500:]
        assert ["1.4.0", f"sha-{head[:12]}"] in tags(cloud, "scanned")

        imported = shipway(here, "image", "scan", "--json", **variables)
        assert json.loads(imported.stdout)["findings"] == 2
        listed = json.loads(shipway(here, "findings", "import", "--json").stdout)
        assert [(one["name"], one["severities"]) for one in listed] == [
            ("ecr/scanned", {"critical": 1, "low": 1})  # by its repository
        ]


def test_without_the_scan_it_waits_for_the_run_is_incomplete(
    tmp_path: Path, cloud: str, buildah: dict[str, str]
) -> None:
    here = town(tmp_path / "here", "buildah", "ecr", 'repository = "unscanned"')
    variables = {**buildah, **ecr_in_ministack.variables(cloud)}  # MiniStack knows no scan
    done = shipway(here, "run", "publish", "--strict", **variables)
    assert done.returncode == 5 and "ECR" in done.stdout
    assert tags(cloud, "unscanned") == [[]]
    again = shipway(here, "image", "push", "--to", "staging", "--json", **variables)
    assert again.returncode == 0 and sorted(
        tag for one in tags(cloud, "unscanned") for tag in one if not tag.startswith("sha")
    ) == ["1.4.0", "staging"]
