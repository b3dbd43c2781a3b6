"""An image pushed to ECR as MiniStack plays it: the real client, a registry of another make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from tests.images.test_registry import image

from shipway.core.images import oci
from shipway.core.settings.aws import Aws
from shipway.effects.address import free_port
from shipway.effects.aws import AwsClients
from shipway.effects.clock import SystemClock
from shipway.effects.exchange import HttpExchange
from shipway.images.ecr import Ecr
from shipway.images.publishing import promote
from shipway.images.referrers import attach, referrers
from shipway.images.registry import Registry

pytestmark = pytest.mark.e2e


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """MiniStack on a port of its own; the variables lead to it."""
    port = str(free_port())
    own = {"GATEWAY_PORT": port, "BIND_HOST": "127.0.0.1", "STATE_DIR": str(tmp_path / "state"),
           "IOT_MTLS_ENABLED": "0"}  # fmt: skip
    program = Path(sys.executable).with_name("ministack")
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            (program,), env={**os.environ, **own}, stdout=log, stderr=log, cwd=tmp_path
        )
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                httpx.get(f"{url}/v2/", timeout=2, trust_env=False)
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait()


@pytest.mark.usefixtures("aws")
def test_an_image_goes_to_ecr_by_digest_and_is_promoted_there() -> None:
    ecr = Ecr(AwsClients(Aws(region="eu-west-1")), SystemClock())
    place, plain, made = ecr.ensure("town", ("staging",), 50)
    assert made and plain
    registry = Registry(place, HttpExchange(SystemClock()), ecr.credentials(), plain=plain)
    data = image(registry, b"one", b"two" * 1000)
    registry.put_manifest(data, oci.MANIFEST)
    registry.put_manifest(data, oci.MANIFEST, "1.0")
    digest = oci.digest_of(data)
    attach(registry, oci.descriptor(oci.MANIFEST, data), oci.SBOM_TYPE, b'{"a":1}', {})
    assert [one["artifactType"] for one in referrers(registry, digest)] == [oci.SBOM_TYPE]
    assert promote(registry, digest, "staging") == ""
    assert registry.digest("staging") == digest
    client = boto3.client("ecr", region_name="eu-west-1")
    known = client.describe_images(repositoryName="town", imageIds=[{"imageDigest": digest}])[
        "imageDetails"
    ][0]
    assert set(known["imageTags"]) >= {"1.0", "staging"}
    policy = boto3.client("ecr", region_name="eu-west-1").get_lifecycle_policy(
        repositoryName="town"
    )
    assert json.loads(policy["lifecyclePolicyText"])["rules"]
