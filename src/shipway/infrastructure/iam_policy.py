"""The least that deploying to one environment needs: its policy, and whom its role trusts. Pure.

Which resource an action can be limited to is the Service Authorization Reference's, "Actions
defined by …", column "Resource types". Where it names several that are required, a statement
needs each of them. What is granted on `*` stands in EVERYWHERE with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Required, TypedDict

from shipway.aws.names import Account, AwsResourceNames, subject_claim
from shipway.aws.web_identity import AUDIENCE
from shipway.config.aws import NO_ROLE
from shipway.config.schema import Environment
from shipway.config.tables import GitHub

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import RegisterTaskDefinitionRequestTypeDef

PolicyCondition = Mapping[str, Mapping[str, str | list[str]]]  # operator → key → values


class PolicyStatement(TypedDict, total=False):
    """One statement of a policy. Principal: whom a trust policy is about, by kind."""

    Sid: str
    Effect: Required[Literal["Allow", "Deny"]]
    Principal: str | Mapping[str, str | list[str]]
    Action: Required[str | list[str]]
    Resource: str | list[str]
    Condition: PolicyCondition


class PolicyDocument(TypedDict):
    """A policy of IAM. A role may have a single statement in place of a list."""

    Version: str
    Statement: PolicyStatement | list[PolicyStatement]


# Which IAM actions a call of the API needs.
#
# Source: Service Authorization Reference (docs.aws.amazon.com/service-authorization), the page of
# each service. Nearly always an action has the operation's name; the exceptions are here.

# boto3's name for a service → the prefix of its actions, where they differ.
_PREFIXES = {"elbv2": "elasticloadbalancing"}
# ECR's registry is spoken to by OCI's HTTP API, which no client of boto3 has: its pulls and pushes
# are operations of a service of their own here.
REGISTRY = "registry"
_NONE: tuple[str, ...] = ()
# (service, operation) → its actions. Beside each, where that is said.
EXCEPTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    # STS API reference, GetCallerIdentity: "No permissions are required to perform this operation."
    ("sts", "GetCallerIdentity"): _NONE,
    # IAM User Guide, "Grant a user permissions to pass a role to an AWS service"; ECS developer
    # guide, "Amazon ECS task execution IAM role" and "… task IAM role": who registers or runs a
    # task hands ECS its roles.
    # Service Authorization Reference, Amazon ECS: tags that come with it are ecs:TagResource.
    ("ecs", "RegisterTaskDefinition"): (
        "ecs:RegisterTaskDefinition",
        "ecs:TagResource",
        "iam:PassRole",
    ),
    ("ecs", "RunTask"): ("ecs:RunTask", "iam:PassRole"),
    # ECS developer guide, "Amazon ECS infrastructure IAM role for load balancers": the service
    # hands on the role that moves the listener's rules.
    ("ecs", "UpdateService"): ("ecs:UpdateService", "iam:PassRole"),
    # S3 User Guide, "Required permissions for Amazon S3 API operations".
    ("s3", "ListObjectsV2"): ("s3:ListBucket",),
    ("s3", "ListObjects"): ("s3:ListBucket",),
    ("s3", "HeadBucket"): ("s3:ListBucket",),
    ("s3", "HeadObject"): ("s3:GetObject",),
    # ECR User Guide, "IAM permissions for pushing an image to an Amazon ECR private repository".
    (REGISTRY, "Push"): (
        "ecr:BatchCheckLayerAvailability",
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    ),
    # ECR User Guide, "Private repository policy examples" (pull).
    (REGISTRY, "Pull"): ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
}


def iam_actions(service: str, operation: str) -> tuple[str, ...]:
    """The actions that a call needs.

    service: boto3's name, or REGISTRY. operation: the API's, for example `RunTask`.
    """
    usual = (f"{_PREFIXES.get(service, service)}:{operation}",)
    return EXCEPTIONS.get((service, operation), usual)


# What a deploy asks of AWS, and when. tests/infrastructure/test_iam_policy.py holds it to the code.

Condition = Callable[["PolicyScope"], bool]


def _always(scope: PolicyScope) -> bool:
    return True


def _secrets(scope: PolicyScope) -> bool:
    return bool(scope.secrets("secretsmanager"))


def _parameters(scope: PolicyScope) -> bool:
    return bool(scope.secrets("ssm"))


def _alarms(scope: PolicyScope) -> bool:
    return bool(scope.settings.ecs.alarms)


def _traffic(scope: PolicyScope) -> bool:
    """Whether traffic moves between two target groups."""
    return scope.settings.strategy != "rolling"


_pauses = _traffic  # rolling has none
_OPERATIONS: tuple[tuple[str, Condition, tuple[str, ...]], ...] = (
    ("sts", _always, ("GetCallerIdentity",)),
    (
        "ecs",
        _always,
        (
            "DescribeServiceDeployments",
            "DescribeServiceRevisions",
            "DescribeServices",
            "DescribeTaskDefinition",
            "DescribeTasks",
            "ListServiceDeployments",
            "ListTasks",
            "RegisterTaskDefinition",
            "RunTask",
            "StopServiceDeployment",
            "StopTask",
            "UpdateService",
        ),
    ),
    ("ecs", _pauses, ("ContinueServiceDeployment",)),
    ("secretsmanager", _secrets, ("DescribeSecret",)),
    ("ssm", _parameters, ("DescribeParameters",)),
    ("ssm", _always, ("DeleteParameter", "GetParameter", "PutParameter")),
    ("iam", _always, ("GetRole", "SimulatePrincipalPolicy")),
    ("ec2", _always, ("DescribeSecurityGroups", "DescribeSubnets")),
    (
        "elbv2",
        _always,
        (
            "DescribeListeners",
            "DescribeLoadBalancerAttributes",
            "DescribeLoadBalancers",
            "DescribeTargetGroups",
        ),
    ),
    ("elbv2", _traffic, ("DescribeRules",)),
    ("cloudwatch", _always, ("GetMetricData",)),
    ("cloudwatch", _alarms, ("DescribeAlarms",)),
    ("logs", _always, ("FilterLogEvents", "GetLogEvents")),
    ("s3", _always, ("GetObject", "ListObjectsV2", "PutObject")),
)
# Where images are in the account's own ECR: pushed, scanned, looked for, promoted. The repository
# is the bootstrap stack's: the deploying role cannot make it.
_ECR = (
    (
        "ecr",
        (
            "DescribeImages",
            "DescribeImageScanFindings",
            "DescribeRepositories",
            "GetAuthorizationToken",
        ),
    ),
    (REGISTRY, ("Pull", "Push")),
)


@dataclass(frozen=True, order=True)
class ApiOperation:
    """A call. service: boto3's name, or REGISTRY. name: the API's, for example `RunTask`."""

    service: str
    name: str


def deploy_operations(scope: PolicyScope) -> Iterator[ApiOperation]:
    """What deploying to an environment asks, with what is configured there."""
    for service, condition, names in _OPERATIONS:
        if condition(scope):
            yield from (ApiOperation(service, name) for name in names)
    for service, names in _ECR if scope.ecr else ():
        yield from (ApiOperation(service, name) for name in names)


VERSION = "2012-10-17"  # of the policy language: the current one
ISSUER = "token.actions.githubusercontent.com"
ANY = ("*",)


@dataclass(frozen=True)
class PolicyScope:
    """One environment in an account.

    bucket: where releases and receipts are kept. ecr: whether images are in the account's own
    ECR; repository: their name there, "" for the one that the stacks give. definition: the task
    definition that a deploy renders; None where nobody could look at what it starts from: then
    roles are those that shipway.toml names, or the stack's, and secrets all of the environment's.
    traffic_role: the ARN of the role by which the service moves traffic, "" for the stack's.
    """

    account: Account
    names: AwsResourceNames
    settings: Environment
    bucket: str = ""
    ecr: bool = True
    repository: str = ""
    definition: RegisterTaskDefinitionRequestTypeDef | None = None
    traffic_role: str = ""

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
        execution = str(self.definition.get("executionRoleArn", "")) if self.definition else ""
        names = [ecs.execution_role or execution or self.names.execution_role]
        if ecs.task_role != NO_ROLE:
            task = str(self.definition.get("taskRoleArn", "")) if self.definition else ""
            names.append(ecs.task_role or task or self.names.task_role)
        if self.settings.strategy != "rolling":
            names.append(self.traffic_role or self.names.traffic_role)
        return tuple(sorted(set(map(self.account.role, names))))

    def secrets(self, service: str) -> tuple[str, ...]:
        """The ARNs of secrets or parameters, without the keys behind them: configured ones, and
        those of every container of the task definition."""
        arns = {*self.settings.ecs.secrets.values()}
        if self.definition is None:
            arns.add(self.account.arn("secretsmanager", f"secret:{self.names.secret('')}*"))
        else:
            for container in self.definition.get("containerDefinitions", ()):
                arns |= {secret["valueFrom"] for secret in container.get("secrets", ())}
        mine = {":".join(arn.split(":")[:7]) for arn in arns if f":{service}:" in arn}
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


_Resources = Callable[[PolicyScope], tuple[str, ...]]
# Actions that are granted on everything, and why.
_NO_RESOURCES = "Service Authorization Reference: it knows no resources"
EVERYWHERE: dict[str, str] = {
    **dict.fromkeys(
        (
            "cloudwatch:GetMetricData",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ecr:GetAuthorizationToken",
            "ecs:DescribeTaskDefinition",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTargetGroups",
            "ssm:DescribeParameters",
        ),
        _NO_RESOURCES,
    ),
    "cloudwatch:DescribeAlarms": "CloudWatch user guide, permissions reference: with a narrower "
    "scope composite alarms are not returned, and would count as missing",
    "ecs:ListTasks": "it knows container instances only, which Fargate has none of: it is asked on "
    "`*` (LIVE cdklabs/construct-hub#1207); the condition limits it to the cluster",
    "ecs:RegisterTaskDefinition": "the reference names the task definition, yet ECS asks on `*` "
    "(LIVE: its refusals say so, aws/containers-roadmap#929)",
}
_ON: dict[str, _Resources] = {
    "ecs:DescribeServices": lambda on: on.ecs("service", on.service),
    "ecs:UpdateService": lambda on: on.ecs("service", on.service),
    "ecs:ListServiceDeployments": lambda on: on.ecs("service", on.service),
    # Both resources are required: with one of them alone each call is refused.
    **dict.fromkeys(
        (
            "ecs:DescribeServiceDeployments",
            "ecs:StopServiceDeployment",
            "ecs:ContinueServiceDeployment",
        ),
        lambda on: (
            *on.ecs("service", on.service),
            *on.ecs("service-deployment", f"{on.service}/*"),
        ),
    ),
    "ecs:DescribeServiceRevisions": lambda on: (
        *on.ecs("service", on.service),
        *on.ecs("service-revision", f"{on.service}/*"),
    ),
    **dict.fromkeys(
        ("ecs:RunTask", "ecs:TagResource"),
        lambda on: on.ecs("task-definition", f"{on.settings.ecs.family or on.names.family}:*"),
    ),
    "ecs:DescribeTasks": lambda on: on.ecs("task", f"{on.cluster}/*"),
    "ecs:StopTask": lambda on: on.ecs("task", f"{on.cluster}/*"),
    **dict.fromkeys(
        (
            "ecr:DescribeImages",
            "ecr:DescribeImageScanFindings",
            "ecr:DescribeRepositories",
            *iam_actions(REGISTRY, "Push"),
            *iam_actions(REGISTRY, "Pull"),
        ),
        lambda on: on.images(),
    ),
    "secretsmanager:DescribeSecret": lambda on: on.secrets("secretsmanager"),
    **dict.fromkeys(
        ("ssm:GetParameter", "ssm:PutParameter", "ssm:DeleteParameter"), lambda on: on.hold
    ),
    "iam:PassRole": lambda on: on.roles(),
    # The deploying role looks at itself, too: a session's ARN leaves out the role's path.
    "iam:GetRole": lambda on: tuple(sorted((*on.roles(), on.account.role(on.names.deploy_role)))),
    "iam:SimulatePrincipalPolicy": lambda on: (on.account.role(on.names.deploy_role),),
    "logs:FilterLogEvents": lambda on: (f"{on.log}:*",),
    "logs:GetLogEvents": lambda on: (f"{on.log}:log-stream:*",),
    "s3:ListBucket": lambda on: (f"arn:{on.account.partition}:s3:::{on.bucket}",),
    **dict.fromkeys(
        ("s3:GetObject", "s3:PutObject"),
        lambda on: (f"arn:{on.account.partition}:s3:::{on.bucket}/*",),
    ),
}


def deploy_policy(scope: PolicyScope) -> PolicyDocument:
    """The policy of the role that deploys, as JSON-able data in a stable order."""
    groups: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for action in needed_actions(deploy_operations(scope)):
        resources = ANY if action in EVERYWHERE else _ON[action](scope)
        groups[resources, _condition(action)].append(action)
    rows = sorted(groups.items(), key=lambda item: item[1])
    return {"Version": VERSION, "Statement": [_statement(scope, *row) for row in rows]}


def needed_actions(calls: Iterable[ApiOperation]) -> tuple[str, ...]:
    """The IAM actions of some calls, sorted, each once."""
    return tuple(
        sorted({action for call in calls for action in iam_actions(call.service, call.name)})
    )


def _condition(action: str) -> str:
    """Which condition an action is granted under; "" for none."""
    return {"iam:PassRole": "passed", "ecs:ListTasks": "cluster", "ecs:RunTask": "cluster"}.get(
        action, ""
    )


def _statement(
    scope: PolicyScope, on: tuple[tuple[str, ...], str], granted: list[str]
) -> PolicyStatement:
    resources, condition = on
    conditions: dict[str, PolicyCondition] = {
        "passed": {
            "StringEquals": {
                "iam:PassedToService": ["ecs-tasks.amazonaws.com", "ecs.amazonaws.com"]
            }
        },
        "cluster": {
            "ArnEquals": {"ecs:cluster": scope.account.arn("ecs", f"cluster/{scope.cluster}")}
        },
    }
    statement: PolicyStatement = {
        "Sid": _sid(granted),
        "Effect": "Allow",
        "Action": granted,
        "Resource": list(resources),
    }
    if condition:
        statement["Condition"] = conditions[condition]
    return statement


def _sid(granted: list[str]) -> str:
    """A statement's name, unique since each action is in one statement: its first action."""
    service, _, name = granted[0].partition(":")
    return f"{service.capitalize()}{name}"


def trust_policy(account: Account, github: GitHub, environment: str) -> PolicyDocument:
    """Whom the role trusts: jobs of one repository in one environment, and nobody else.

    The subject has the ids that stay (`repo:OWNER@ID/NAME@ID:environment:ENV`), as repositories
    created since 15 July 2026 send it; with `[github] oidc_subject = "name"` it has not, and the
    repository's id is asked for beside it. Source: GitHub, "OpenID Connect reference"; IAM User
    Guide, "Available keys for AWS web identity federation".

    Raises ConfigError where the repository or one of its ids is not configured.
    """
    return {
        "Version": VERSION,
        "Statement": [
            {
                "Sid": "GithubDeploys",
                "Effect": "Allow",
                "Principal": {
                    "Federated": f"arn:{account.partition}:iam::{account.number}:oidc-provider/"
                    f"{ISSUER}"
                },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{ISSUER}:aud": AUDIENCE,
                        f"{ISSUER}:sub": subject_claim(github, environment),
                        f"{ISSUER}:repository_id": github.repository_id,
                        f"{ISSUER}:environment": environment,
                    }
                },
            }
        ],
    }
