"""An account of moto's in which much has gathered."""

from __future__ import annotations

import hashlib
import json
import time
from datetime import UTC, datetime
from typing import Any

import boto3

from shipway.aws.names import Account
from shipway.cleanup.owned_resources import OwnedResources
from shipway.config.aws import Aws, Database, Infrastructure
from shipway.config.schema import Application, Config, Environment
from shipway.images.oci import INDEX, MANIFEST, digest_of, referrers_tag

REGION, NUMBER = "eu-west-1", "123456789012"
HERE = Account(NUMBER, REGION)
LATER = 30 * 86_400.0  # seconds: everything that moto makes now is old then
OURS = {"application": "web", "managed-by": "shipway", "environment": "staging"}
BUCKET = f"web-shipway-{NUMBER}-{REGION}"


class Clients:
    """Clients of one region."""

    region = REGION

    def client(self, service: str) -> Any:
        client = boto3.client(service, region_name=REGION)
        return Dated(client) if service == "ecs" else client


class Dated:
    """moto's ECS, which keeps no date of a task definition: here all are made now."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_task_definition(self, **given: Any) -> dict[str, Any]:
        found: dict[str, Any] = self._client.describe_task_definition(**given)
        found["taskDefinition"]["registeredAt"] = datetime.now(UTC)
        return found


def config(database: Database | None = None) -> Config:
    """Application `web` with staging on AWS, and one environment that is not."""
    levers = Infrastructure(database=database or Database())
    return Config(
        application=Application(name="web"),
        aws=Aws(region=REGION),
        environments={
            "staging": Environment(platform="ecs", infrastructure=levers),
            "local": Environment(),
        },
    )


def premises(given: Config | None = None, after: float = LATER) -> OwnedResources:
    """As seen `after` seconds from now."""
    return OwnedResources(Clients(), given or config(), time.time() + after)


def tags(**more: str) -> list[dict[str, str]]:
    """The tags of what is ours, as most services want them."""
    return [{"Key": key, "Value": value} for key, value in {**OURS, **more}.items()]


def repository() -> None:
    boto3.client("ecr", REGION).create_repository(repositoryName="web")


def pushed(name: str, *tagged: str, **more: Any) -> str:
    """An image's digest. more: parts of its manifest."""
    kind = INDEX if "manifests" in more else MANIFEST
    config = {
        "mediaType": "x",
        "digest": f"sha256:{hashlib.sha256(name.encode()).hexdigest()}",
        "size": 1,
    }
    whole = {"schemaVersion": 2, "mediaType": kind, "annotations": {"name": name}, **more}
    if kind == MANIFEST:
        whole = {**whole, "config": config, "layers": []}
    text = json.dumps(whole)
    digest = digest_of(text.encode())  # moto knows no digests by itself
    for tag in tagged or ("",):
        given = {"imageTag": tag} if tag else {}
        boto3.client("ecr", REGION).put_image(
            repositoryName="web",
            imageManifest=text,
            imageManifestMediaType=kind,
            imageDigest=digest,
            **given,
        )
    return digest


def said_of(digest: str) -> str:
    """The tag of what is said about an image."""
    return referrers_tag(digest)


def defined(image: str, family: str = "web-staging") -> str:
    """A task definition's ARN."""
    found = boto3.client("ecs", REGION).register_task_definition(
        family=family, containerDefinitions=[{"name": "web", "image": image, "memory": 128}]
    )
    return str(found["taskDefinition"]["taskDefinitionArn"])


def serving(definition: str, cluster: str = "web-staging") -> None:
    """A service that runs it."""
    ecs = boto3.client("ecs", REGION)
    ecs.create_cluster(clusterName=cluster)
    ecs.create_service(
        cluster=cluster, serviceName="web", taskDefinition=definition, desiredCount=1
    )


def stack(name: str) -> None:
    """A stack that exists."""
    body = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    boto3.client("cloudformation", REGION).create_stack(
        StackName=name, TemplateBody=json.dumps(body)
    )
