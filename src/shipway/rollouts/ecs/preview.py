"""What a deploy would change, before anything changes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from shipway.aws.names import Account, AwsResourceNames
from shipway.config.health_check import HealthCheck
from shipway.config.schema import Environment
from shipway.errors import ConfigError
from shipway.ports import Clients
from shipway.releases.release import Release
from shipway.rollouts.ecs.deployment_configuration import (
    deployment_configuration,
    settings_at_once,
)
from shipway.rollouts.ecs.one_off_task import running_ecs_service
from shipway.rollouts.ecs.task_definition import (
    OURS,
    READ_ONLY,
    release_of_task_definition,
    render_task_definition,
)
from shipway.source_text import parse_json, read_bytes

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        DeploymentConfigurationOutputTypeDef,
        RegisterTaskDefinitionRequestTypeDef,
        TaskDefinitionTypeDef,
    )

# A task definition to start from, in a file of the application's repository.


def read_template(root: str, path: str, where: str) -> TaskDefinitionTypeDef:
    """The task definition in a JSON file, as `aws ecs describe-task-definition` prints it or as
    RegisterTaskDefinition takes it.

    path: below the project's root. where: the key path that names it. Raises ConfigError.
    """
    try:
        template = parse_json(read_bytes(os.path.join(root, path)))
    except OSError as error:
        raise ConfigError(
            f"{where}: {path} cannot be read: {error.strerror}",
            "Correct the path.",
            code="invalid-setting",
        ) from None
    except ValueError as error:
        raise ConfigError(
            f"{where}: {path} is not JSON: {error}", "Correct the file.", code="invalid-setting"
        ) from None
    if isinstance(template, dict) and isinstance(template.get("taskDefinition"), dict):
        template = template["taskDefinition"]
    if not isinstance(template, dict) or not isinstance(
        template.get("containerDefinitions", []), list
    ):
        raise ConfigError(
            f"{where}: {path} is no task definition",
            "It has to have containerDefinitions.",
            code="invalid-setting",
        )
    return cast("TaskDefinitionTypeDef", template)  # ECS checks the rest when it is registered


# What would change in a task definition, field by field.

# Lists whose order says nothing, and what names one of their members.
_KEYED = {
    "containerDefinitions": "name",
    "environment": "name",
    "secrets": "name",
    "portMappings": "containerPort",
    "volumes": "name",
    "mountPoints": "containerPath",
    "ulimits": "name",
    "systemControls": "namespace",
}
_VALUES = {"environment": "value", "secrets": "valueFrom"}
_SHORT = {"containerDefinitions": "", "environment": "env", "portMappings": "port"}


@dataclass(frozen=True)
class FieldChange:
    """One field. before or after is None where it is not there."""

    path: str
    before: str | None
    after: str | None

    @property
    def description(self) -> str:
        """`~ web.image: a → b`, `+ web.env.NAME: b`, `- web.env.NAME: a`."""
        if self.before is None:
            return f"+ {self.path}: {self.after}"
        if self.after is None:
            return f"- {self.path}: {self.before}"
        return f"~ {self.path}: {self.before} → {self.after}"


def task_definition_diff(
    running: TaskDefinitionTypeDef | DeploymentConfigurationOutputTypeDef | None,
    desired: RegisterTaskDefinitionRequestTypeDef | DeploymentConfigurationOutputTypeDef,
) -> tuple[FieldChange, ...]:
    """The changes from what runs (None: nothing does) to what would, in the order of paths.

    What is only there because ECS fills it in (empty lists, a container's `cpu` of 0) is none.
    """
    before = dict(_flat(running or {}, ""))
    after = dict(_flat(desired, ""))
    paths = sorted(before.keys() | after.keys())
    return tuple(
        FieldChange(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    )


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not _silent(key, item, path):
                yield from _member(key, item, path)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _flat(item, f"{path}[{number}]")
    else:
        yield path, str(value)


def _member(key: str, value: object, path: str) -> Iterator[tuple[str, str]]:
    below = ".".join(filter(None, (path, _SHORT.get(key, key))))
    if key in _KEYED and isinstance(value, (list, tuple)):
        yield from _rows(key, value, below)
    elif isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        yield below, " ".join(value)
    else:
        yield from _flat(value, below)


def _rows(key: str, rows: Sequence[Mapping[str, object]], path: str) -> Iterator[tuple[str, str]]:
    identifier = _KEYED[key]
    for row in rows:
        below = ".".join(filter(None, (path, str(row.get(identifier, "")))))
        if key in _VALUES:
            yield below, str(row.get(_VALUES[key], ""))
            continue
        rest = {name: value for name, value in row.items() if name != identifier}
        yield from list(_flat(rest, below)) or [(below, "there")]


def _silent(key: str, value: object, path: str) -> bool:
    """What says nothing: ECS's own fields, empty ones, and its defaults."""
    if not path and key in READ_ONLY:
        return True
    if value in ([], {}, (), "", None) or key == OURS:
        return True
    # Describe answers them where Register was not told; with awsvpc a container's port is the
    # host's (API reference, PortMapping).
    return (key, value) in (("cpu", 0), ("protocol", "tcp")) or key == "hostPort"


@dataclass(frozen=True)
class DeployPreview:
    """running: the revision that runs, `family:7`; serves: the release in it, "" where it is none
    of ours. definition, deployment: what would change in the task definition, and in how ECS
    deploys it."""

    running: str
    serves: str
    definition: tuple[FieldChange, ...]
    deployment: tuple[FieldChange, ...]


def deploy_preview(
    clients: Clients,
    settings: Environment,
    names: AwsResourceNames,
    release: Release,
    template: TaskDefinitionTypeDef | None,
    *,
    account: Account,
    health: HealthCheck | None,
) -> DeployPreview:
    """Look at what runs and compare it with what would. Nothing is changed.

    template: what the definition starts from instead of the running one. Raises ConfigError;
    botocore's errors pass.
    """
    service = running_ecs_service(clients, settings, names)
    arn = str(service["taskDefinition"])
    running = clients.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    desired = render_task_definition(
        settings, names, release, template or running, account=account, health=health
    )
    tasks = int(service.get("desiredCount", 0)) or settings.infrastructure.min_tasks
    if not service.get("runningCount"):
        settings = settings_at_once(settings, "unjudged")
    configured = deployment_configuration(settings, tasks)
    now = service.get("deploymentConfiguration", {})
    before = cast(
        "DeploymentConfigurationOutputTypeDef",
        {key: value for key, value in now.items() if key in configured},
    )
    return DeployPreview(
        arn.rpartition("/")[2],
        release_of_task_definition(running),
        task_definition_diff(running, desired),
        task_definition_diff(before, configured),
    )
