"""Whether the roles exist, whom they trust, and whether they can be passed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from shipway.aws.errors import error_code
from shipway.infrastructure.iam_policy import PolicyDocument
from shipway.pipeline.command_line import command_line
from shipway.rollouts.ecs.preflight.subject import (
    PreflightSubject,
    Problem,
    report_unchecked,
    unchecked_problem,
)
from shipway.rollouts.ecs.task_definition import secret_reference

if TYPE_CHECKING:
    from types_boto3_ssm.type_defs import ParameterStringFilterTypeDef

ROLES = "roles"
TASKS = "ecs-tasks.amazonaws.com"  # execution and task role
ECS = "ecs.amazonaws.com"  # the role that moves listener rules


def check_roles(subject: PreflightSubject) -> list[Problem]:
    """Look at every role that ECS is to take on."""
    result: list[Problem] = []
    passed: dict[str, str] = {}
    for field, arn, service in _required_roles(subject):
        problems = _role(subject, field, arn, service)
        result += problems
        if not problems:
            passed[arn] = service
    return result + _passing(subject, passed)


def _required_roles(subject: PreflightSubject) -> Iterator[tuple[str, str, str]]:
    """(what it is for, ARN, the service that takes it on)."""
    arns: set[str] = set()
    for field in ("executionRoleArn", "taskRoleArn"):
        arn = str(subject.task_definition.get(field, ""))
        if arn and arn not in arns:
            arns.add(arn)
            yield field, subject.account.role(arn), TASKS
    for balancer in subject.load_balancers:
        arn = str(balancer.get("advancedConfiguration", {}).get("roleArn", ""))
        if subject.two_groups and arn and arn not in arns:
            arns.add(arn)
            yield "advancedConfiguration.roleArn", arn, ECS


def _role(subject: PreflightSubject, field: str, arn: str, service: str) -> list[Problem]:
    from botocore.exceptions import BotoCoreError, ClientError

    name = arn.rpartition("/")[2]
    try:
        role = subject.clients.client("iam").get_role(RoleName=name)["Role"]
    except (BotoCoreError, ClientError) as error:
        if error_code(error) in ("NoSuchEntity", "NoSuchEntityException"):
            return [
                Problem(ROLES, f"{field}: there is no role {name}", f"Make it: {subject.apply}.")
            ]
        return [unchecked_problem(ROLES, f"the role {name}", error)]
    document = cast("PolicyDocument", role["AssumeRolePolicyDocument"])  # read by botocore
    if not is_trusted(document, service):
        return [
            Problem(
                ROLES,
                f"{field}: the role {name} does not trust {service}",
                f"Let its trust policy allow sts:AssumeRole to the service {service}.",
            )
        ]
    return []


def is_trusted(document: PolicyDocument, service: str) -> bool:
    """Whether a trust policy lets a service take the role on. Conditions are not weighed."""
    statements = document.get("Statement", [])
    for statement in [statements] if isinstance(statements, Mapping) else statements:
        principal = statement.get("Principal", {})
        services = principal.get("Service", ()) if isinstance(principal, Mapping) else principal
        actions = _texts(statement.get("Action", ()))
        allowed = statement.get("Effect") == "Allow" and {"sts:AssumeRole", "sts:*", "*"} & actions
        if allowed and {service, "*"} & _texts(services):
            return True
    return False


def _texts(value: str | Iterable[str]) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def _passing(subject: PreflightSubject, passed: Mapping[str, str]) -> list[Problem]:
    """Ask IAM's simulator whether the caller may hand the roles to ECS."""
    from botocore.exceptions import BotoCoreError, ClientError

    problems: list[Problem] = []
    caller = subject.account.caller
    if not passed or caller.endswith(":root"):  # the root user may do everything
        return problems
    try:
        source = _source(subject, caller)
        for arn, service in passed.items():
            if not _may_pass(subject, source, arn, service):
                problems.append(
                    Problem(
                        ROLES,
                        f"{source} may not pass the role {arn} to {service}",
                        "Allow iam:PassRole on it: "
                        f"{command_line('infra', 'policy', subject.names.environment)} "
                        "prints the policy.",
                    )
                )
    except (BotoCoreError, ClientError) as error:
        problem = unchecked_problem(ROLES, "whether the roles can be passed (iam:PassRole)", error)
        return [*problems, problem]
    return problems


def _may_pass(subject: PreflightSubject, source: str, arn: str, service: str) -> bool:
    answer = subject.clients.client("iam").simulate_principal_policy(
        PolicySourceArn=source,
        ActionNames=["iam:PassRole"],
        ResourceArns=[arn],
        ContextEntries=[
            {
                "ContextKeyName": "iam:PassedToService",
                "ContextKeyType": "string",
                "ContextKeyValues": [service],
            }
        ],
    )
    return all(result["EvalDecision"] == "allowed" for result in answer["EvaluationResults"])


def _source(subject: PreflightSubject, caller: str) -> str:
    """The ARN that the simulator takes: of the user, or of the role behind a session.

    A session's ARN (`assumed-role/NAME/SESSION`) leaves the role's path out, so IAM is asked.
    """
    if ":assumed-role/" not in caller:
        return caller
    name = caller.split("/")[1]
    return str(subject.clients.client("iam").get_role(RoleName=name)["Role"]["Arn"])


# Whether the secrets and parameters exist. Nothing reads them.

SECRETS = "secrets"
_AT_ONCE = 50  # values of one filter of DescribeParameters


def check_secrets(subject: PreflightSubject) -> list[Problem]:
    """Look for everything that the task definition takes from Secrets Manager and SSM."""
    problems: list[Problem] = []
    parameters: dict[str, str] = {}
    for variable, arn in _required_secrets(subject):
        to = secret_reference(arn)
        if to is None:
            problems.append(
                Problem(
                    SECRETS,
                    f"{variable} is taken from {arn!r}, which is no ARN",
                    f"Put the ARN of a secret or parameter in {subject.place}.secrets.{variable}.",
                )
            )
        elif to.store == "ssm":
            parameters[to.arn.partition(":parameter")[2]] = variable
        else:
            problems += _secret(subject, variable, to.arn)
    return problems + _parameters(subject, parameters)


def _required_secrets(subject: PreflightSubject) -> Iterator[tuple[str, str]]:
    """Variable → ARN, of every container."""
    for container in subject.task_definition.get("containerDefinitions", ()):
        for secret in container.get("secrets", ()):
            yield secret["name"], secret["valueFrom"]


def _secret(subject: PreflightSubject, variable: str, arn: str) -> list[Problem]:
    from botocore.exceptions import BotoCoreError, ClientError

    name = arn.rpartition(":secret:")[2]
    fill = f"Set it: {command_line('secret', 'set', subject.names.environment, variable)}"
    try:
        description = subject.clients.client("secretsmanager").describe_secret(SecretId=arn)
    except (BotoCoreError, ClientError) as error:
        if error_code(error) == "ResourceNotFoundException":
            return [
                Problem(
                    SECRETS,
                    f"{variable}: Secrets Manager has no secret {name}",
                    f"{fill}; or correct its ARN in {subject.place}.secrets.{variable}.",
                )
            ]
        return [unchecked_problem(SECRETS, f"the secret {name}", error)]
    if description.get("DeletedDate"):
        return [
            Problem(
                SECRETS,
                f"{variable}: the secret {name} is about to be deleted",
                f"Keep it: aws secretsmanager restore-secret --secret-id {name}.",
            )
        ]
    stages = description.get("VersionIdsToStages", {}).values()
    if not any("AWSCURRENT" in labels for labels in stages):
        return [Problem(SECRETS, f"{variable}: the secret {name} has no value yet", f"{fill}.")]
    return []


def _parameters(subject: PreflightSubject, parameters: dict[str, str]) -> list[Problem]:
    """name → variable. An ARN's name begins with `/` also where the parameter's has none."""
    problems: list[Problem] = []
    names = sorted(parameters)
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        with report_unchecked(SECRETS, f"the parameters {', '.join(some)}", problems):
            existing = _known(subject, some)
            problems += [
                Problem(
                    SECRETS,
                    f"{parameters[name]}: SSM has no parameter {name}",
                    f"Create it, or correct its ARN in {subject.place}.secrets.{parameters[name]}.",
                )
                for name in some
                if name not in existing and name.removeprefix("/") not in existing
            ]
    return problems


def _known(subject: PreflightSubject, names: Sequence[str]) -> set[str]:
    """Which of them there are."""
    flat = [name.removeprefix("/") for name in names if name.count("/") == 1]
    ssm = subject.clients.client("ssm")
    existing: set[str] = set()
    for some in (names, flat):
        if some:
            condition: ParameterStringFilterTypeDef = {
                "Key": "Name",
                "Option": "Equals",
                "Values": list(some),
            }
            for page in ssm.get_paginator("describe_parameters").paginate(
                ParameterFilters=[condition]
            ):
                existing |= {parameter["Name"] for parameter in page["Parameters"]}
    return existing
