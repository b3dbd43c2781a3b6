"""The task definition of a release: what shipway.toml says, over the running one or a template.

Field names and their types are RegisterTaskDefinition's (botocore, ecs 2014-11-13).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from shipway.core.account import Account
from shipway.core.config import Environment
from shipway.core.errors import ConfigError
from shipway.core.naming import Names
from shipway.core.release import Release
from shipway.platforms.ecs.fargate import check_size
from shipway.platforms.ecs.variables import by_name, given, pairs, referred

# What DescribeTaskDefinition answers beyond what RegisterTaskDefinition takes.
READ_ONLY = frozenset(
    ("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities",
     "registeredAt", "deregisteredAt", "registeredBy", "deleteRequestedAt")
)  # fmt: skip
# Which variables come from shipway.toml: those that it does not name any more go away, those
# that somebody else has set (the stack's database) stay.
OURS = "shipway.variables"
_DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}


def render(
    settings: Environment, names: Names, release: Release, base: Mapping[str, Any] | None,
    *, account: Account, health: str = "",
) -> dict[str, Any]:  # fmt: skip
    """The input of RegisterTaskDefinition for a release.

    base: the `taskDefinition` that runs, or the template's content; None to begin from nothing.
    What it has that shipway.toml knows nothing of stays. health: the path that is asked by the
    container's health check where the base has none; "" for no check.

    Raises ConfigError: an image without a digest, a size that Fargate does not have, a secret
    given by value, a base without the container.
    """
    where = f"environments.{names.environment}"
    ecs = settings.ecs
    check_size(ecs.cpu, ecs.memory, f"{where}.ecs")
    made = {key: deepcopy(value) for key, value in (base or {}).items() if key not in READ_ONLY}
    container = _container(made, ecs.container, where)
    made.update(
        family=ecs.family or names.family, networkMode="awsvpc", cpu=str(ecs.cpu),
        memory=str(ecs.memory), requiresCompatibilities=["FARGATE"],
        executionRoleArn=_role(made, "executionRoleArn", ecs.execution_role, account)
        or account.role(names.execution_role),
        taskRoleArn=_role(made, "taskRoleArn", ecs.task_role, account)
        or account.role(names.task_role),
        runtimePlatform={
            **made.get("runtimePlatform", {"operatingSystemFamily": "LINUX"}),
            "cpuArchitecture": _ARCHITECTURES[ecs.architecture],
        },
    )  # fmt: skip
    container.update(image=_image(release), essential=True, stopTimeout=ecs.stop_timeout)
    _set_variables(container, settings, release, where)
    _set_port(container, ecs.container_port)
    _set_log(container, ecs.log_group, names, account)
    if health and "healthCheck" not in container:
        container["healthCheck"] = _health_check(settings, health)
    return made


def _container(made: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    """The application's container in the definition, which is put there where there is none."""
    containers: list[dict[str, Any]] = made.setdefault("containerDefinitions", [])
    if not containers:
        containers.append({"name": name})
    for one in containers:
        if one.get("name") == name:
            return one
    known = ", ".join(str(one.get("name")) for one in containers)
    raise ConfigError(
        f"the task definition to start from has no container {name!r}; it has {known}",
        f"Set {where}.ecs.container to the application's.",
    )


def _role(made: Mapping[str, Any], field: str, wanted: str, account: Account) -> str:
    """As configured, else as the base has it."""
    return account.role(wanted) if wanted else str(made.get(field, ""))


def _image(release: Release) -> str:
    if not _DIGEST.fullmatch(release.image):
        found = f"only as {release.image!r}" if release.image else "nowhere"
        raise ConfigError(
            f"the image of {release.name} is published {found}: ECS gets it by digest",
            "Push it first: shipway image push.",
        )
    return release.image


def _set_variables(
    container: dict[str, Any], settings: Environment, release: Release, where: str
) -> None:
    """Environment and secrets: ours anew, what else there is stays."""
    labels = container.get("dockerLabels", {})
    ours = set(filter(None, labels.get(OURS, "").split(",")))
    plain = {
        "BIND": f"0.0.0.0:{settings.ecs.container_port}",
        **_measured(settings.ecs.metrics_namespace),
        **given(settings, where),
        "RELEASE": release.name,
    }
    secret = referred(settings, where)
    mine = plain.keys() | secret.keys()
    gone = ours | mine
    kept = by_name(container.get("environment", ()), "value")
    hidden = by_name(container.get("secrets", ()), "valueFrom")
    plain = {**{k: v for k, v in kept.items() if k not in gone}, **plain}
    secret = {**{k: v for k, v in hidden.items() if k not in gone}, **secret}
    container["environment"] = pairs(plain, "value")
    container["secrets"] = pairs(secret, "valueFrom")
    container["dockerLabels"] = {**labels, OURS: ",".join(sorted(mine))}


def _measured(namespace: str) -> dict[str, str]:
    """Where an application that sends metrics of its own sends them: docs/monitoring.md."""
    return {"METRICS_NAMESPACE": namespace} if namespace else {}


def _set_port(container: dict[str, Any], port: int) -> None:
    ports = container.setdefault("portMappings", [])
    if all(one.get("containerPort") != port for one in ports):
        ports.append({"containerPort": port, "protocol": "tcp"})


def _set_log(container: dict[str, Any], group: str, names: Names, account: Account) -> None:
    """To CloudWatch Logs; another driver that the base has stays, unless a group is configured."""
    if "logConfiguration" in container and not group:
        return
    container["logConfiguration"] = {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": group or names.log_group, "awslogs-region": account.region,
            "awslogs-stream-prefix": names.service,
        },
    }  # fmt: skip


def _health_check(settings: Environment, path: str) -> dict[str, Any]:
    """Asks the application itself. ECS does not look at the image's own HEALTHCHECK.

    Source: API reference, HealthCheck (startPeriod 0 to 300 s, interval 5 to 300 s).
    """
    url = f"http://127.0.0.1:{settings.ecs.container_port}{path}"
    code = f"import urllib.request as u; u.urlopen({url!r}, timeout=4)"
    return {
        "command": ["CMD", "python3", "-c", code], "interval": 10, "timeout": 5, "retries": 3,
        "startPeriod": int(min(300, settings.health_timeout)),
    }  # fmt: skip
