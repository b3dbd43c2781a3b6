"""`[aws]`, and `[environments.NAME.ecs]`: the account, and a service in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from shipway.core.settings.closed import Closed, Seconds


@dataclass(frozen=True)
class Aws(Closed):
    """The account that environments of the platform `ecs` are in.

    region and profile: empty for what the surroundings say (AWS_REGION, AWS_PROFILE). account:
    its twelve digits; when given, another account is refused. bucket: where releases and
    receipts are kept, so that another machine can roll back; empty for the bootstrap stack's.
    budget: US dollars a month; 0 for none. alerts: who hears of it, by mail. owner and
    cost_centre: tags of everything. images: how many are kept in the repository.
    github_provider: whether the bootstrap stack creates GitHub's identity provider; false where
    the account has it already.
    """

    region: str = ""
    profile: str = ""
    account: str = ""
    bucket: str = ""
    budget: Annotated[float, Ge(0)] = 0.0
    alerts: str = ""
    owner: str = ""
    cost_centre: str = ""
    images: Annotated[int, Ge(5)] = 30
    github_provider: bool = True


@dataclass(frozen=True)
class Ecs(Closed):
    """A service on ECS. What is empty follows the names that the stacks give (core/naming.py).

    cpu (1024 is one vCPU) and memory (MiB) have to be a pair that Fargate knows. template: a file
    with a task definition to start from, instead of the running one. secrets: variable → ARN of
    a secret in Secrets Manager (`arn…:key::` for one key of it) or of a parameter in SSM.
    stop_timeout: seconds between SIGTERM and SIGKILL. alarms: names of CloudWatch alarms that
    roll a deployment back. failed_tasks: rolling gives up after so many. pause_margin: seconds
    that ECS waits for an answer beyond the judge's horizon. metrics_namespace: where the
    application itself sends metrics by release (it is told in METRICS_NAMESPACE); empty where it
    sends none.
    """

    cluster: str = ""
    service: str = ""
    family: str = ""
    container: str = "web"
    container_port: Annotated[int, Gt(0), Le(65535)] = 8000
    cpu: Annotated[int, Gt(0)] = 256
    memory: Annotated[int, Gt(0)] = 512
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    template: str = ""
    execution_role: str = ""
    task_role: str = ""
    log_group: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    stop_timeout: Annotated[int, Ge(2), Le(120)] = 60
    alarms: tuple[str, ...] = ()
    failed_tasks: Annotated[int, Ge(1)] = 3
    timeout: Seconds = 3600.0
    pause_margin: Annotated[float, Ge(60)] = 600.0
    metrics_namespace: str = ""
