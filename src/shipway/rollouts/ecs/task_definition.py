"""The task definition of a release: what shipway.toml says, over the running one or a template.

Field names and their types are RegisterTaskDefinition's (botocore, ecs 2014-11-13).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from shipway.aws.names import Account, AwsResourceNames
from shipway.config.aws import NO_ROLE
from shipway.config.health_check import HealthCheck
from shipway.config.schema import Environment
from shipway.config.secret_values import holds_a_password, names_a_secret
from shipway.errors import ConfigError
from shipway.releases.release import Release

if TYPE_CHECKING:
    from types_boto3_ecs.literals import CPUArchitectureType
    from types_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        HealthCheckOutputTypeDef,
        KeyValuePairTypeDef,
        RegisterTaskDefinitionRequestTypeDef,
        RuntimePlatformTypeDef,
        SecretTypeDef,
        TaskDefinitionTypeDef,
    )

# What sizes of tasks Fargate knows.
#
# Source: developer guide, "Troubleshoot Amazon ECS task definition invalid CPU or memory errors"
# (docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html).

_GB = 1024
# CPU units (1024 are one vCPU) → MiB of memory
MEMORY: dict[int, tuple[int, ...]] = {
    256: (512, 1 * _GB, 2 * _GB),
    512: tuple(range(1 * _GB, 4 * _GB + 1, _GB)),
    1024: tuple(range(2 * _GB, 8 * _GB + 1, _GB)),
    2048: tuple(range(4 * _GB, 16 * _GB + 1, _GB)),
    4096: tuple(range(8 * _GB, 30 * _GB + 1, _GB)),
    8192: tuple(range(16 * _GB, 60 * _GB + 1, 4 * _GB)),
    16384: tuple(range(32 * _GB, 120 * _GB + 1, 8 * _GB)),
}


def check_size(cpu: int, memory: int, where: str) -> None:
    """Raises ConfigError, with the nearest pair, where Fargate does not know this one.

    where: the key path of the table that has `cpu` and `memory`.
    """
    if memory in MEMORY.get(cpu, ()):
        return
    if cpu not in MEMORY:
        nearest = min(MEMORY, key=lambda size: (abs(size - cpu), size))
        accepted = ", ".join(map(str, MEMORY))
        raise ConfigError(
            f"{where}.cpu: Fargate has no {cpu}; it has {accepted}",
            f"The nearest is {nearest}.",
            code="invalid-setting",
        )
    sizes = MEMORY[cpu]
    close = min(sizes, key=lambda size: (abs(size - memory), size))
    raise ConfigError(
        f"{where}: Fargate has no {memory} MiB with {cpu} CPU units; "
        f"from {sizes[0]} to {sizes[-1]} MiB it has {_steps(sizes)}",
        f"The nearest is memory = {close}.",
        code="invalid-setting",
    )


def _steps(sizes: tuple[int, ...]) -> str:
    if len(sizes) <= 4:
        return ", ".join(map(str, sizes))
    return f"steps of {sizes[1] - sizes[0]}"


# A task's environment and secrets: what is given by value, what by ARN.

# Developer guide, "Pass sensitive data to a container": a secret's ARN may go on with
# `:json-key:version-stage:version-id`, each of which may be empty.
_SECRET = re.compile(
    r"arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+(:[^:]*:[^:]*:[^:]*)?"
)
_PARAMETER = re.compile(r"arn:aws[\w-]*:ssm:[\w-]+:\d{12}:parameter/[\w./-]+")


@dataclass(frozen=True)
class SecretReference:
    """Where a secret is. store: `secretsmanager` or `ssm`. arn: of the whole of it, without the
    key; that is what policies name. key: the JSON key that is taken of it, "" for all."""

    store: str
    arn: str
    key: str = ""


def secret_reference(arn: str) -> SecretReference | None:
    """What the ARN of a secret or parameter points to; None where it is neither."""
    if _PARAMETER.fullmatch(arn):
        return SecretReference("ssm", arn)
    if _SECRET.fullmatch(arn):
        parts = arn.split(":")
        return SecretReference("secretsmanager", ":".join(parts[:7]), ":".join(parts[7:8]))
    return None


def environment_variables(settings: Environment, where: str) -> dict[str, str]:
    """What the task gets by value. Raises ConfigError for what has to be a secret.

    where: the key path of the environment's table.
    """
    for name, value in settings.env.items():
        if name in settings.ecs.secrets:
            raise ConfigError(
                f"{where}.env.{name} and {where}.ecs.secrets.{name} are both set",
                "Keep the secret, remove the value.",
                code="invalid-setting",
            )
        if value and (names_a_secret(name) or holds_a_password(value)):
            raise ConfigError(
                f"{where}.env.{name} looks like a secret: everybody who may read a task "
                "definition would read it",
                f"shipway secret set keeps it in Secrets Manager; put its ARN in "
                f"{where}.ecs.secrets.{name}.",
                code="invalid-setting",
            )
        if "{data}" in value:
            raise ConfigError(
                f"{where}.env.{name}: a task on ECS has no data folder for {{data}}",
                "Say where its data are: a database's or bucket's address.",
                code="invalid-setting",
            )
    return dict(settings.env)


def secret_references(settings: Environment, where: str) -> dict[str, str]:
    """Variable → ARN. Raises ConfigError where one is no ARN, or is to come from the caller."""
    for name, arn in settings.ecs.secrets.items():
        if secret_reference(arn) is None:
            raise ConfigError(
                f"{where}.ecs.secrets.{name}: the ARN of a secret in Secrets Manager or of a "
                "parameter in SSM is wanted",
                "arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX, with :KEY:: "
                "behind it for one key of it; or arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME.",
                code="invalid-setting",
            )
    missing = [name for name in settings.secrets if name not in settings.ecs.secrets]
    if missing:
        raise ConfigError(
            f"{where}.secrets: a task on ECS cannot take {missing[0]} from who deploys it",
            f"Put its ARN in {where}.ecs.secrets.{missing[0]}.",
            code="invalid-setting",
        )
    return dict(settings.ecs.secrets)


def to_environment(values: Mapping[str, str]) -> list[KeyValuePairTypeDef]:
    """Variables as a container definition has them, in the order of their names."""
    return [{"name": name, "value": values[name]} for name in sorted(values)]


def to_secrets(arns: Mapping[str, str]) -> list[SecretTypeDef]:
    """Variable → ARN as a container definition has them, in the order of their names."""
    return [{"name": name, "valueFrom": arns[name]} for name in sorted(arns)]


# What DescribeTaskDefinition answers beyond what RegisterTaskDefinition takes.
READ_ONLY = frozenset(
    (
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "deregisteredAt",
        "registeredBy",
        "deleteRequestedAt",
    )
)
# Which variables come from shipway.toml: those that it does not name any more go away, those
# that somebody else has set (the stack's database) stay.
OURS = "shipway.variables"
_DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_LINUX: RuntimePlatformTypeDef = {"operatingSystemFamily": "LINUX"}
_ARCHITECTURES: dict[str, CPUArchitectureType] = {"x86_64": "X86_64", "arm64": "ARM64"}


def render_task_definition(
    settings: Environment,
    names: AwsResourceNames,
    release: Release,
    base: TaskDefinitionTypeDef | None,
    *,
    account: Account,
    health: HealthCheck | None = None,
) -> RegisterTaskDefinitionRequestTypeDef:
    """The input of RegisterTaskDefinition for a release.

    base: the `taskDefinition` that runs, or the template's content; None to begin from nothing.
    What it has that shipway.toml knows nothing of stays. health: what the container's
    health check asks where the base has none; None for no check.

    Raises ConfigError: an image without a digest, a size that Fargate does not have, a secret
    given by value, a base without the container.
    """
    where = f"environments.{names.environment}"
    ecs = settings.ecs
    check_size(ecs.cpu, ecs.memory, f"{where}.ecs")
    definition = cast(
        "TaskDefinitionTypeDef",
        {key: deepcopy(value) for key, value in (base or {}).items() if key not in READ_ONLY},
    )
    container = _container(definition, ecs.container, where)
    definition.update(
        {
            "family": ecs.family or names.family,
            "networkMode": "awsvpc",
            "cpu": str(ecs.cpu),
            "memory": str(ecs.memory),
            "requiresCompatibilities": ["FARGATE"],
            "executionRoleArn": _role(definition, "executionRoleArn", ecs.execution_role, account)
            or account.role(names.execution_role),
            "runtimePlatform": {
                **definition.get("runtimePlatform", _LINUX),
                "cpuArchitecture": _ARCHITECTURES[ecs.architecture],
            },
        }
    )
    if ecs.task_role == NO_ROLE:
        definition.pop("taskRoleArn", None)
    else:
        role = _role(definition, "taskRoleArn", ecs.task_role, account)
        definition["taskRoleArn"] = role or account.role(names.task_role)
    container.update({"image": _image(release), "essential": True, "stopTimeout": ecs.stop_timeout})
    _set_variables(container, settings, release, where)
    _set_port(container, ecs.container_port)
    _set_log(container, ecs.log_group, names, account)
    if health and "healthCheck" not in container:
        container["healthCheck"] = _health_check(settings, health)
    return cast("RegisterTaskDefinitionRequestTypeDef", definition)


def release_of_task_definition(definition: TaskDefinitionTypeDef) -> str:
    """The name of the release in a task definition, which `render` has put there; else ""."""
    variables = {
        variable["name"]: variable.get("value", "")
        for container in definition.get("containerDefinitions", ())
        for variable in container.get("environment", ())
    }
    return str(variables.get("RELEASE", ""))


def _container(
    definition: TaskDefinitionTypeDef, name: str, where: str
) -> ContainerDefinitionOutputTypeDef:
    """The application's container in the definition, which is put there where there is none."""
    containers = definition.setdefault("containerDefinitions", [])
    if not containers:
        containers.append({"name": name})
    for container in containers:
        if container.get("name") == name:
            return container
    available = ", ".join(str(container.get("name")) for container in containers)
    raise ConfigError(
        f"the task definition to start from has no container {name!r}; it has {available}",
        f"Set {where}.ecs.container to the application's.",
        code="invalid-setting",
    )


def _role(
    definition: TaskDefinitionTypeDef,
    field: Literal["executionRoleArn", "taskRoleArn"],
    role: str,
    account: Account,
) -> str:
    """As configured, else as the base has it."""
    return account.role(role) if role else str(definition.get(field, ""))


def _image(release: Release) -> str:
    if not _DIGEST.fullmatch(release.image):
        published = f"only as {release.image!r}" if release.image else "nowhere"
        raise ConfigError(
            f"the image of {release.name} is published {published}: ECS gets it by digest",
            "Build and publish it: shipway run publish.",
            code="no-image",
        )
    return release.image


def _set_variables(
    container: ContainerDefinitionOutputTypeDef, settings: Environment, release: Release, where: str
) -> None:
    """Environment and secrets: ours anew, what else there is stays."""
    labels = container.get("dockerLabels", {})
    ours = set(filter(None, labels.get(OURS, "").split(",")))
    plain = {
        "BIND": f"0.0.0.0:{settings.ecs.container_port}",
        **_measured(settings.ecs.metrics_namespace),
        **environment_variables(settings, where),
        "RELEASE": release.name,
    }
    secret = secret_references(settings, where)
    mine = plain.keys() | secret.keys()
    gone = ours | mine
    existing = {row["name"]: row.get("value", "") for row in container.get("environment", ())}
    hidden = {row["name"]: row.get("valueFrom", "") for row in container.get("secrets", ())}
    plain = {**{k: v for k, v in existing.items() if k not in gone}, **plain}
    secret = {**{k: v for k, v in hidden.items() if k not in gone}, **secret}
    container["environment"] = to_environment(plain)
    container["secrets"] = to_secrets(secret)
    container["dockerLabels"] = {**labels, OURS: ",".join(sorted(mine))}


def _measured(namespace: str) -> dict[str, str]:
    """Where an application that sends metrics of its own sends them: docs/monitoring.md."""
    return {"METRICS_NAMESPACE": namespace} if namespace else {}


def _set_port(container: ContainerDefinitionOutputTypeDef, port: int) -> None:
    ports = container.setdefault("portMappings", [])
    if all(mapping.get("containerPort") != port for mapping in ports):
        ports.append({"containerPort": port, "protocol": "tcp"})


def _set_log(
    container: ContainerDefinitionOutputTypeDef,
    group: str,
    names: AwsResourceNames,
    account: Account,
) -> None:
    """To CloudWatch Logs; what the base has stays, unless another group is configured."""
    existing = container.get("logConfiguration", {})
    if existing and group in ("", existing.get("options", {}).get("awslogs-group")):
        return
    container["logConfiguration"] = {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": group or names.log_group,
            "awslogs-region": account.region,
            "awslogs-stream-prefix": names.service,
        },
    }


def _health_check(settings: Environment, health: HealthCheck) -> HealthCheckOutputTypeDef:
    """Asks the application itself. ECS does not look at the image's own HEALTHCHECK.

    Source: API reference, HealthCheck (startPeriod 0 to 300 s, interval 5 to 300 s).
    """
    code = (
        "import http.client as h;"
        f"c = h.HTTPConnection('127.0.0.1', {settings.ecs.container_port}, timeout=4);"
        f"c.request('GET', {health.path!r});"
        "s = c.getresponse().status;"
        f"raise SystemExit(not any(a <= s <= b for a, b in {health.ranges}))"
    )
    return {
        "command": ["CMD", "python3", "-c", code],
        "interval": 10,
        "timeout": 5,
        "retries": 3,
        "startPeriod": int(min(300, settings.health_timeout)),
    }
