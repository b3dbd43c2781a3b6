"""The least that deploying to one environment needs: its policy, and whom its role trusts. Pure.

Which resource an action can be limited to is the Service Authorization Reference's, "Actions
defined by …", column "Resource types": `*` where it names none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.aws.actions import REGISTRY, actions
from shipway.aws.operations import Operation, operations
from shipway.core.account import Account
from shipway.core.config import Environment
from shipway.core.identity import subject
from shipway.core.naming import Names
from shipway.core.settings.github import GitHub

VERSION = "2012-10-17"  # of the policy language: the current one
ISSUER = "token.actions.githubusercontent.com"
ANY = ("*",)


@dataclass(frozen=True)
class Scope:
    """One environment in an account.

    bucket: where releases and receipts are kept. ecr: whether images are in the account's own
    ECR; repository: their name there, "" for the one that the stacks give.
    """

    account: Account
    names: Names
    settings: Environment
    bucket: str = ""
    ecr: bool = True
    repository: str = ""

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.settings.ecs.cluster or self.names.cluster

    @property
    def service(self) -> str:
        """The service's name behind its cluster's, as ARNs have them."""
        return f"{self.cluster}/{self.settings.ecs.service or self.names.service}"

    def ecs(self, kind: str, rest: str) -> tuple[str, ...]:
        """The ARN of something in ECS."""
        return (self.account.arn("ecs", f"{kind}/{rest}"),)

    def roles(self) -> tuple[str, ...]:
        """What is handed to ECS: the tasks' two roles, and the one that moves traffic."""
        ecs = self.settings.ecs
        named = [
            ecs.execution_role or self.names.execution_role, ecs.task_role or self.names.task_role
        ]  # fmt: skip
        if self.settings.strategy != "rolling":
            named.append(self.names.traffic_role)
        return tuple(sorted(map(self.account.role, named)))

    def secrets(self, service: str) -> tuple[str, ...]:
        """The ARNs of secrets or parameters, without the keys behind them."""
        arns = self.settings.ecs.secrets.values()
        mine = {":".join(one.split(":")[:7]) for one in arns if f":{service}:" in one}
        return tuple(sorted(mine))

    def images(self) -> tuple[str, ...]:
        """The repository's ARN."""
        name = self.repository or self.names.repository
        return (self.account.arn("ecr", f"repository/{name}"),)

    @property
    def hold(self) -> tuple[str, ...]:
        """The parameter that holds deploys."""
        return (self.account.arn("ssm", f"parameter{self.names.hold}"),)

    @property
    def log(self) -> str:
        """The log group's ARN."""
        group = self.settings.ecs.log_group or self.names.log_group
        return self.account.arn("logs", f"log-group:{group}")


_Resources = Callable[[Scope], tuple[str, ...]]
_ON: dict[str, _Resources] = {
    "ecs:DescribeServices": lambda on: on.ecs("service", on.service),
    "ecs:UpdateService": lambda on: on.ecs("service", on.service),
    "ecs:ListServiceDeployments": lambda on: on.ecs("service", on.service),
    **dict.fromkeys(
        ("ecs:DescribeServiceDeployments", "ecs:StopServiceDeployment",
         "ecs:ContinueServiceDeployment"),
        lambda on: on.ecs("service-deployment", f"{on.service}/*"),
    ),
    "ecs:DescribeServiceRevisions": lambda on: on.ecs("service-revision", f"{on.service}/*"),
    "ecs:RunTask": lambda on: on.ecs(
        "task-definition", f"{on.settings.ecs.family or on.names.family}:*"
    ),
    "ecs:DescribeTasks": lambda on: on.ecs("task", f"{on.cluster}/*"),
    "ecs:StopTask": lambda on: on.ecs("task", f"{on.cluster}/*"),
    **dict.fromkeys(
        ("ecr:DescribeImages", "ecr:DescribeImageScanFindings", "ecr:DescribeRepositories",
         *actions(REGISTRY, "Push"), *actions(REGISTRY, "Pull")),
        lambda on: on.images(),
    ),
    "secretsmanager:DescribeSecret": lambda on: on.secrets("secretsmanager"),
    **dict.fromkeys(
        ("ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"), lambda on: on.hold
    ),
    "iam:PassRole": lambda on: on.roles(),
    # The deploying role looks at itself, too: a session's ARN leaves out the role's path.
    "iam:GetRole": lambda on: tuple(
        sorted((*on.roles(), on.account.role(on.names.deploy_role)))
    ),
    "iam:SimulatePrincipalPolicy": lambda on: (on.account.role(on.names.deploy_role),),
    "logs:FilterLogEvents": lambda on: (f"{on.log}:*",),
    "logs:GetLogEvents": lambda on: (f"{on.log}:log-stream:*",),
    "s3:ListBucket": lambda on: (f"arn:{on.account.partition}:s3:::{on.bucket}",),
    **dict.fromkeys(
        ("s3:GetObject", "s3:PutObject"),
        lambda on: (f"arn:{on.account.partition}:s3:::{on.bucket}/*",),
    ),
}  # fmt: skip


def policy(scope: Scope) -> dict[str, Any]:
    """The policy of the role that deploys, as JSON-able data in a stable order."""
    asked = needed(operations(scope.settings, ecr=scope.ecr))
    groups: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for action in asked:
        on = _ON.get(action)
        groups[on(scope) if on else ANY, _condition(action)].append(action)
    rows = sorted(groups.items(), key=lambda one: one[1])
    return {"Version": VERSION, "Statement": [_statement(scope, *one) for one in rows]}


def needed(calls: Iterable[Operation]) -> tuple[str, ...]:
    """The IAM actions of some calls, sorted, each once."""
    return tuple(sorted({action for one in calls for action in actions(one.service, one.name)}))


def _condition(action: str) -> str:
    """Which condition an action is granted under; "" for none."""
    return {"iam:PassRole": "passed", "ecs:ListTasks": "cluster", "ecs:RunTask": "cluster"}.get(
        action, ""
    )


def _statement(scope: Scope, on: tuple[tuple[str, ...], str], granted: list[str]) -> dict[str, Any]:
    resources, condition = on
    conditions: dict[str, Mapping[str, Any]] = {
        "passed": {
            "StringEquals": {
                "iam:PassedToService": ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"]
            }
        },
        "cluster": {
            "ArnEquals": {"ecs:cluster": scope.account.arn("ecs", f"cluster/{scope.cluster}")}
        },
    }
    only = {"Condition": conditions[condition]} if condition else {}
    return {
        "Sid": _sid(granted), "Effect": "Allow", "Action": granted,
        "Resource": list(resources), **only,
    }  # fmt: skip


def _sid(granted: list[str]) -> str:
    """A statement's name, unique since each action is in one statement: its first action."""
    service, _, name = granted[0].partition(":")
    return f"{service.capitalize()}{name}"


def trust_policy(account: Account, github: GitHub, environment: str) -> dict[str, Any]:
    """Whom the role trusts: jobs of one repository in one environment, and nobody else.

    The subject has the ids that stay (`repo:OWNER@ID/NAME@ID:environment:ENV`), as repositories
    created since 15 July 2026 send it. Source: GitHub, "OpenID Connect reference"; IAM User
    Guide, "Available keys for AWS web identity federation".

    Raises ConfigError where the repository or one of its ids is not configured.
    """
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "GithubDeploys", "Effect": "Allow",
                "Principal": {
                    "Federated": f"arn:{account.partition}:iam::{account.number}:oidc-provider/"
                    f"{ISSUER}"
                },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{ISSUER}:aud": "sts.amazonaws.com",
                        f"{ISSUER}:sub": subject(github, environment),
                        f"{ISSUER}:repository_id": github.repository_id,
                        f"{ISSUER}:environment": environment,
                    }
                },
            }
        ],
    }  # fmt: skip
