"""Environments from a manifest of AWS Copilot, whose support ended in June 2026.

Source: the manifest reference (aws.github.io/copilot-cli/docs/manifest). What Copilot names in AWS
ends in letters of CloudFormation's own choice: clusters and services are looked up by what their
names begin with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shipway.aws.errors import translate_aws_errors
from shipway.config.aws import NO_ROLE
from shipway.config.names import is_name
from shipway.errors import ConfigError
from shipway.scaffold.documents import Table, items, parse_yaml, table, text
from shipway.scaffold.from_ecs import EnvironmentProposal, Remark, fargate_size, published_image
from shipway.source_text import read_text

if TYPE_CHECKING:
    from types_boto3_ecs import ECSClient

    from shipway.ports import Clients

_SERVED = ("Load Balanced Web Service", "Backend Service")
_MANIFEST = "manifest.yml"
_DEFAULT_CPU, _DEFAULT_MEMORY, _DEFAULT_PORT = 256, 512, 80
# What of a manifest is nowhere in shipway.toml and does not need to be: it stays in AWS.
_STAYING = {
    "variables": "variables",
    "secrets": "secrets",
    "sidecars": "sidecars",
    "count": "count and autoscaling",
    "network": "network",
    "storage": "volumes",
    "exec": "exec",
    "logging": "logging",
    "observability": "tracing",
    "env_file": "the file of variables",
}
_ENDING = {
    "publish": "topics (publish)",
    "subscribe": "queues (subscribe)",
    "taskdef_overrides": "taskdef_overrides",
    "nlb": "the Network Load Balancer",
}


@dataclass(frozen=True)
class CopilotService:
    """A service as its manifest has it. manifests: environment → the manifest with what it
    overrides. folders: those beside the manifest (`addons`, `overrides`) that Copilot reads."""

    application: str
    name: str
    kind: str
    manifests: Mapping[str, Table] = field(default_factory=dict)
    folders: tuple[str, ...] = ()


def read_copilot(path: str) -> CopilotService:
    """The service of a manifest. path: the manifest, its folder, or the folder `copilot`.

    Raises ConfigError where there is none, where there are several, and for one that is not on
    ECS.
    """
    manifest = _manifest(path)
    document = table(_parsed(manifest))
    name, kind = text(document.get("name")), text(document.get("type"))
    if kind not in _SERVED or not is_name(name):
        raise ConfigError(
            f"{manifest}: {kind or 'a manifest without a type'} is no service that gets requests "
            "on ECS",
            f"Name the manifest of a {' or '.join(_SERVED)}.",
            code="invalid-input",
        )
    folder = os.path.dirname(os.path.abspath(manifest))
    above = os.path.dirname(folder)
    overrides = table(document, "environments")
    environments = [*overrides, *_folders(os.path.join(above, "environments"))]
    names = [name for name in dict.fromkeys(environments) if is_name(name)]
    common = {key: value for key, value in document.items() if key != "environments"}
    return CopilotService(
        _application(above),
        name,
        kind,
        {each: _merged(common, table(overrides, each)) for each in names},
        tuple(part for part in ("addons", "overrides") if part in _folders(folder)),
    )


def _manifest(path: str) -> str:
    if os.path.isfile(path):
        return path
    places = [path, *(os.path.join(path, folder) for folder in _folders(path))]
    below = os.path.join(path, "copilot")
    places += [os.path.join(below, folder) for folder in _folders(below)]
    found = [os.path.join(place, _MANIFEST) for place in places]
    services = [
        file
        for file in found
        if os.path.isfile(file) and table(_parsed(file)).get("type") in _SERVED
    ]
    if len(services) == 1:
        return services[0]
    listed = ", ".join(services)
    raise ConfigError(
        f"--from-copilot: {path} has several services: {listed}"
        if services
        else f"--from-copilot: {path} has no manifest of a {' or '.join(_SERVED)}",
        "Name one manifest." if services else "Name the folder copilot, or a manifest in it.",
        code="unknown-name",
    )


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return []


def _parsed(path: str) -> object:
    try:
        return parse_yaml(read_text(path))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}", "Look at it.", code="file-unreadable"
        ) from None


def _application(folder: str) -> str:
    """Copilot keeps the application's name in `copilot/.workspace`."""
    path = os.path.join(folder, ".workspace")
    name = text(table(_parsed(path)).get("application")) if os.path.isfile(path) else ""
    if not is_name(name):
        raise ConfigError(
            f"{path} does not name the application",
            "Name the manifest within the folder that Copilot made: copilot/SERVICE/manifest.yml.",
            code="invalid-input",
        )
    return name


def _merged(common: Table, override: Table) -> Table:
    """As Copilot overrides: tables key by key, everything else as a whole."""
    merged = dict(common)
    for key, value in override.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merged(table(below), table(value)) if both else value
    return merged


def find_copilot_services(
    clients: Clients, service: CopilotService, environments: Sequence[str]
) -> dict[str, str]:
    """Environment → `CLUSTER/SERVICE` of a service there; "" where there is none in this region."""
    ecs = clients.client("ecs")
    with translate_aws_errors():
        clusters = [
            arn.rpartition("/")[2]
            for page in ecs.get_paginator("list_clusters").paginate()
            for arn in page["clusterArns"]
        ]
        return {name: _copilot_service(ecs, clusters, service, name) for name in environments}


def _copilot_service(
    ecs: ECSClient, clusters: Sequence[str], service: CopilotService, environment: str
) -> str:
    prefix = f"{service.application}-{environment}"
    for cluster in clusters:
        if not cluster.startswith(f"{prefix}-Cluster-"):
            continue
        for page in ecs.get_paginator("list_services").paginate(cluster=cluster):
            for arn in page["serviceArns"]:
                name = arn.rpartition("/")[2]
                if name.startswith(f"{prefix}-{service.name}-Service-"):
                    return f"{cluster}/{name}"
    return ""


def propose_from_manifest(service: CopilotService, environment: str) -> EnvironmentProposal:
    """What the manifest alone says of an environment: the names that AWS chose are missing."""
    manifest = service.manifests.get(environment, {})
    prefix = f"{service.application}-{environment}-{service.name}"
    image = table(manifest, "image")
    cpu, memory = fargate_size(
        _number(manifest.get("cpu"), _DEFAULT_CPU), _number(manifest.get("memory"), _DEFAULT_MEMORY)
    )
    ecs: dict[str, object] = {
        "family": prefix,
        "container": service.name,
        "container_port": _number(image.get("port"), _DEFAULT_PORT),
        "cpu": cpu,
        "memory": memory,
    }
    if "arm" in _platform(manifest):
        ecs["architecture"] = "arm64"
    ecs["log_group"] = f"/copilot/{prefix}"
    remarks = [
        Remark(
            "first",
            f"write [environments.{environment}.ecs] cluster, service, execution_role and "
            f"task_role (or {NO_ROLE!r}): Copilot's names for them end in letters that only AWS "
            f"knows. With credentials they are looked up; `aws ecs list-clusters` has a "
            f"{service.application}-{environment}-Cluster-…",
        ),
        *manifest_remarks(service, environment),
    ]
    located = text(image.get("location"))
    published: dict[str, object] = (
        published_image(located, "", "", remarks)
        if located
        else {"registry": "ecr", "repository": f"{service.application}/{service.name}"}
    )
    tables = {"": {"platform": "ecs", **_strategy(manifest)}, "ecs": ecs}
    return EnvironmentProposal(environment, tables, published, remarks=remarks)


def manifest_remarks(service: CopilotService, environment: str) -> Iterator[Remark]:
    """What a person should know of a manifest, whether or not AWS was asked."""
    manifest = service.manifests.get(environment, {})
    yield Remark("is", f"Copilot's {service.kind} {service.name} of {service.application}")
    http = table(manifest, "http")
    aliases = http.get("alias")
    hosts = [text(table(row).get("name")) or text(row) for row in items(aliases)] or [text(aliases)]
    if any(hosts):
        yield Remark("is", f"people ask for {', '.join(filter(None, hosts))}")
    health = http.get("healthcheck")
    if path := text(table(health).get("path")) or text(health):
        yield Remark("is", f"its health check asks for {path}: so should [application] health")
    for key, words in _STAYING.items():
        if manifest.get(key):
            yield Remark("stays", words)
    for key, words in _ENDING.items():
        if manifest.get(key):
            yield Remark("without", f"{words}: they stay in AWS as Copilot made them")
    for folder in service.folders:
        yield Remark("without", f"{folder}/: its resources stay in AWS as Copilot made them")
    yield Remark(
        "without",
        "changes by Copilot: `copilot svc deploy` would replace what Shipway deploys; keep its "
        "stacks, and change them in CloudFormation",
    )


def _strategy(manifest: Table) -> dict[str, object]:
    """`recreate` stops the old tasks first."""
    recreate = text(table(manifest, "deployment").get("rolling")) == "recreate"
    return {"strategy": "rolling", **({"minimum_healthy": 0} if recreate else {})}


def _platform(manifest: Table) -> str:
    platform = manifest.get("platform")
    return (text(table(platform).get("architecture")) or text(platform)).lower()


def _number(value: object, otherwise: int) -> int:
    digits = text(value)
    return int(digits) if re.fullmatch(r"\d{1,6}", digits) else otherwise
