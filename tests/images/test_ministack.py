"""An image pushed to ECR as MiniStack plays it: the real client, a registry of another make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from tests.images import aws
from tests.images.manifests import image

from shipway.core.images import oci
from shipway.core.settings.aws import Aws
from shipway.effects.aws import AwsClients
from shipway.effects.clock import SystemClock
from shipway.effects.exchange import HttpExchange
from shipway.images.ecr import Ecr
from shipway.images.publishing import promote
from shipway.images.referrers import attach, referrers
from shipway.images.registry import Registry

pytestmark = pytest.mark.e2e


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with aws.ministack(tmp_path) as url:
        for name, value in aws.variables(url).items():
            monkeypatch.setenv(name, value)
        yield url


@pytest.mark.usefixtures("cloud")
def test_an_image_goes_to_ecr_by_digest_and_is_promoted_there() -> None:
    ecr = Ecr(AwsClients(Aws(region=aws.REGION)), SystemClock())
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
    client = boto3.client("ecr", region_name=aws.REGION)
    known = client.describe_images(repositoryName="town", imageIds=[{"imageDigest": digest}])
    assert set(known["imageDetails"][0]["imageTags"]) >= {"1.0", "staging"}
    policy = client.get_lifecycle_policy(repositoryName="town")
    assert json.loads(policy["lifecyclePolicyText"])["rules"]
