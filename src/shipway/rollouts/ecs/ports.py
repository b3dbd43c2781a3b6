"""What following a deployment takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import random
from typing import TYPE_CHECKING, Protocol

from shipway.aws.client import RenewingClient
from shipway.aws.names import AwsResourceNames
from shipway.config.schema import Environment
from shipway.ports import Clients, Clock, Http
from shipway.releases.release import Release
from shipway.rollouts.ecs.load_balancer import LoadBalancer
from shipway.rollouts.ecs.logs import LogLines
from shipway.rollouts.ecs.service import EcsService

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        RegisterTaskDefinitionRequestTypeDef,
        ServiceTypeDef,
        TaskDefinitionTypeDef,
    )

# What a rollout on ECS needs of the parts that make, look at and run task definitions.


class PreflightFailure(Protocol):
    """What would make a rollout fail, and what to do about it."""

    @property
    def message(self) -> str: ...
    @property
    def remedy(self) -> str: ...


class TaskRunResult(Protocol):
    """How a one-off task ended. code: None where it never ran. remedy: "" where none is known."""

    @property
    def code(self) -> int | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def remedy(self) -> str: ...


class RunTask(Protocol):
    """Runs a command once, with a task definition, in a service's network."""

    def __call__(
        self,
        clients: Clients,
        clock: Clock,
        service: ServiceTypeDef,
        task_definition_arn: str,
        container: str,
        command: Sequence[str],
        on_line: Callable[[str], None],
    ) -> TaskRunResult: ...


@dataclass(frozen=True)
class TaskDefinitionOps:
    """render: the input of RegisterTaskDefinition, over the running one or none. preflight: what
    stands in the way of it. run_task: for migrations. random: from 0 to 1, to spread questions.
    tag_image: lets the environment's tag name an image that serves now (raises ShipwayError).
    """

    render: Callable[
        [Environment, AwsResourceNames, Release, TaskDefinitionTypeDef | None],
        RegisterTaskDefinitionRequestTypeDef,
    ]
    preflight: Callable[
        [Clients, Environment, AwsResourceNames, Release, RegisterTaskDefinitionRequestTypeDef],
        Sequence[PreflightFailure],
    ]
    run_task: RunTask
    random: Callable[[], float] = random
    tag_image: Callable[[str], None] = lambda image: None


@dataclass(frozen=True)
class EcsClients:
    """The service, what is in front of it, its log; how they are asked."""

    calls: RenewingClient
    service: EcsService
    balancer: LoadBalancer
    logs: LogLines
    clock: Clock
    http: Http
