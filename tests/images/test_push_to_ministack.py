"""An image pushed to ECR as MiniStack plays it: the real client, a registry of another make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from tests.images import ecr_in_ministack
from tests.images.manifests import image

from shipway.aws.clients import AwsClients
from shipway.config.aws import Aws
from shipway.images import oci
from shipway.images.ecr import EcrRegistry
from shipway.images.publish import promote_image
from shipway.images.referrers import attach_document, list_referrers
from shipway.images.registry import RegistryClient
from shipway.system.clock import SystemClock
from shipway.system.http import HttpRegistryTransport

pytestmark = pytest.mark.e2e


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ecr_in_ministack.ministack(tmp_path) as url:
        for name, value in ecr_in_ministack.variables(url).items():
            monkeypatch.setenv(name, value)
        yield url


@pytest.mark.usefixtures("cloud")
def test_an_image_goes_to_ecr_by_digest_and_is_promoted_there() -> None:
    ecr = EcrRegistry(AwsClients(Aws(region=ecr_in_ministack.REGION)), SystemClock())
    place, plain, made = ecr.ensure("town", ("staging",), 50)
    assert made and plain
    registry = RegistryClient(
        place, HttpRegistryTransport(SystemClock()), ecr.credentials(), plain=plain
    )
    data = image(registry, b"one", b"two" * 1000)
    registry.put_manifest(data, oci.MANIFEST)
    registry.put_manifest(data, oci.MANIFEST, "1.0")
    digest = oci.digest_of(data)
    attach_document(registry, oci.descriptor(oci.MANIFEST, data), oci.SBOM_TYPE, b'{"a":1}', {})
    assert [one["artifactType"] for one in list_referrers(registry, digest)] == [oci.SBOM_TYPE]
    assert promote_image(registry, digest, "staging") == ""
    assert registry.digest("staging") == digest
    client = boto3.client("ecr", region_name=ecr_in_ministack.REGION)
    known = client.describe_images(repositoryName="town", imageIds=[{"imageDigest": digest}])
    assert set(known["imageDetails"][0]["imageTags"]) >= {"1.0", "staging"}
    policy = client.get_lifecycle_policy(repositoryName="town")
    assert json.loads(policy["lifecyclePolicyText"])["rules"]
