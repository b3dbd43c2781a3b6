"""What a preflight is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from shipway.aws.errors import (
    POLICY_REMEDY,
    error_code,
    is_access_denied,
    lacking_permission,
    to_shipway_error,
)
from shipway.aws.names import Account, AwsResourceNames
from shipway.config.schema import Application, Environment
from shipway.pipeline.command_line import command_line
from shipway.ports import Clients, Http
from shipway.releases.release import Release

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        AwsVpcConfigurationOutputTypeDef,
        ContainerDefinitionUnionTypeDef,
        LoadBalancerTypeDef,
        RegisterTaskDefinitionRequestTypeDef,
        ServiceTypeDef,
    )

# What a preflight finds.


class ProblemKind(StrEnum):
    """wrong: the rollout would fail, or harm. could not look: nobody knows; never a pass."""

    WRONG = "wrong"
    NOT_CHECKED = "could not look"


@dataclass(frozen=True)
class Problem:
    """check: which topic, for example `images`. remedy: what to do, in one sentence."""

    check: str
    message: str
    remedy: str
    kind: ProblemKind = ProblemKind.WRONG

    @property
    def description(self) -> str:
        """For people, without the remedy."""
        return f"{self.check}: {self.message}"


@contextmanager
def report_unchecked(check: str, what: str, problems: list[Problem]) -> Iterator[None]:
    """What cannot be looked at becomes a problem of its own kind; the next check goes on.

    Catches what botocore raises. An error that says something about what was asked for ("not
    found") has to be caught inside.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        problems.append(unchecked_problem(check, what, error))


def unchecked_problem(check: str, what: str, error: Exception) -> Problem:
    """A problem: it could not be looked at, and why."""
    if is_access_denied(error):
        return Problem(
            check,
            f"could not look at {what}: these credentials may not {lacking_permission(error)}",
            POLICY_REMEDY,
            ProblemKind.NOT_CHECKED,
        )
    explanation = to_shipway_error(error)
    why = error_code(error) or explanation.message
    return Problem(
        check, f"could not look at {what}: {why}", explanation.remedy, ProblemKind.NOT_CHECKED
    )


def _no_service() -> ServiceTypeDef:
    return {}


STRATEGIES_WITH_TWO = ("blue-green", "linear", "canary")  # they need both target groups


@dataclass(frozen=True, kw_only=True)
class PreflightSubject:
    """A release about to be rolled out, and where.

    task_definition: the input of RegisterTaskDefinition. service: as DescribeServices answers,
    which `preflight` looks up; empty where there is none, or nobody could look.
    """

    clients: Clients
    http: Http
    account: Account
    application: Application
    settings: Environment
    names: AwsResourceNames
    release: Release
    task_definition: RegisterTaskDefinitionRequestTypeDef
    service: ServiceTypeDef = field(default_factory=_no_service)

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.settings.ecs.cluster or self.names.cluster

    @property
    def service_name(self) -> str:
        """The service's name."""
        return self.settings.ecs.service or self.names.service

    @property
    def place(self) -> str:
        """The key path of the environment's table of settings for ECS."""
        return f"environments.{self.names.environment}.ecs"

    @property
    def apply(self) -> str:
        """The command that puts the infrastructure right."""
        return command_line("infra", "apply", self.names.environment)

    @property
    def two_groups(self) -> bool:
        """Whether the strategy moves traffic between two target groups."""
        return self.settings.strategy in STRATEGIES_WITH_TWO

    @property
    def container(self) -> ContainerDefinitionUnionTypeDef:
        """The application's container in the task definition."""
        for candidate in self.task_definition.get("containerDefinitions", ()):
            if candidate.get("name") == self.settings.ecs.container:
                return candidate
        return {}

    @property
    def network(self) -> AwsVpcConfigurationOutputTypeDef:
        """The service's `awsvpcConfiguration`."""
        network = self.service.get("networkConfiguration") or {}
        return network.get("awsvpcConfiguration") or {"subnets": []}

    @property
    def load_balancers(self) -> Sequence[LoadBalancerTypeDef]:
        """The service's `loadBalancers`."""
        return self.service.get("loadBalancers", ())

    def target_groups(self) -> Iterator[str]:
        """The ARNs of its target groups, the alternate ones too."""
        for balancer in self.load_balancers:
            both = (
                balancer.get("targetGroupArn"),
                balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn"),
            )
            yield from filter(None, both)
