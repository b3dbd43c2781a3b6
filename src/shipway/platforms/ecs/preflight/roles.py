"""Whether the roles exist, whom they trust, and whether they can be passed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shipway.core.command_line import command_line
from shipway.effects.aws_errors import code_of
from shipway.platforms.ecs.preflight.problem import Problem, unseen
from shipway.platforms.ecs.preflight.subject import Subject

CHECK = "roles"
TASKS = "ecs-tasks.amazonaws.com"  # execution and task role
ECS = "ecs.amazonaws.com"  # the role that moves listener rules


def roles(subject: Subject) -> list[Problem]:
    """Look at every role that ECS is to take on."""
    found: list[Problem] = []
    passed: dict[str, str] = {}
    for field, arn, service in _wanted(subject):
        problems = _role(subject, field, arn, service)
        found += problems
        if not problems:
            passed[arn] = service
    return found + _passing(subject, passed)


def _wanted(subject: Subject) -> Iterator[tuple[str, str, str]]:
    """(what it is for, ARN, the service that takes it on)."""
    seen: set[str] = set()
    for field in ("executionRoleArn", "taskRoleArn"):
        arn = str(subject.task_definition.get(field, ""))
        if arn and arn not in seen:
            seen.add(arn)
            yield field, subject.account.role(arn), TASKS
    for one in subject.load_balancers:
        arn = str(one.get("advancedConfiguration", {}).get("roleArn", ""))
        if subject.two_groups and arn and arn not in seen:
            seen.add(arn)
            yield "advancedConfiguration.roleArn", arn, ECS


def _role(subject: Subject, field: str, arn: str, service: str) -> list[Problem]:
    from botocore.exceptions import BotoCoreError, ClientError

    name = arn.rpartition("/")[2]
    try:
        role = subject.clients.client("iam").get_role(RoleName=name)["Role"]
    except (BotoCoreError, ClientError) as error:
        if code_of(error) in ("NoSuchEntity", "NoSuchEntityException"):
            return [
                Problem(
                    CHECK, f"{field}: there is no role {name}", f"Make it: {subject.apply}."
                )
            ]  # fmt: skip
        return [unseen(CHECK, f"the role {name}", error)]
    if not trusts(role["AssumeRolePolicyDocument"], service):
        return [
            Problem(
                CHECK, f"{field}: the role {name} does not trust {service}",
                f"Let its trust policy allow sts:AssumeRole to the service {service}.",
            )
        ]  # fmt: skip
    return []


def trusts(document: Mapping[str, Any], service: str) -> bool:
    """Whether a trust policy lets a service take the role on. Conditions are not weighed."""
    statements = document.get("Statement", [])
    for one in [statements] if isinstance(statements, Mapping) else statements:
        principal = one.get("Principal", {})
        services = principal.get("Service", ()) if isinstance(principal, Mapping) else principal
        actions = _texts(one.get("Action", ()))
        allowed = one.get("Effect") == "Allow" and {"sts:AssumeRole", "sts:*", "*"} & actions
        if allowed and {service, "*"} & _texts(services):
            return True
    return False


def _texts(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else set(value)


def _passing(subject: Subject, wanted: Mapping[str, str]) -> list[Problem]:
    """Ask IAM's simulator whether the caller may hand the roles to ECS."""
    from botocore.exceptions import BotoCoreError, ClientError

    found: list[Problem] = []
    caller = subject.account.caller
    if not wanted or caller.endswith(":root"):  # the root user may do everything
        return found
    try:
        source = _source(subject, caller)
        for arn, service in wanted.items():
            if not _may_pass(subject, source, arn, service):
                found.append(
                    Problem(
                        CHECK, f"{source} may not pass the role {arn} to {service}",
                        "Allow iam:PassRole on it: "
                        f"{command_line('infra', 'policy', subject.names.environment)} "
                        "prints the policy.",
                    )
                )  # fmt: skip
    except (BotoCoreError, ClientError) as error:
        problem = unseen(CHECK, "whether the roles can be passed (iam:PassRole)", error)
        return [*found, problem]
    return found


def _may_pass(subject: Subject, source: str, arn: str, service: str) -> bool:
    answer = subject.clients.client("iam").simulate_principal_policy(
        PolicySourceArn=source, ActionNames=["iam:PassRole"], ResourceArns=[arn],
        ContextEntries=[
            {
                "ContextKeyName": "iam:PassedToService", "ContextKeyType": "string",
                "ContextKeyValues": [service],
            }
        ],
    )  # fmt: skip
    return all(one["EvalDecision"] == "allowed" for one in answer["EvaluationResults"])


def _source(subject: Subject, caller: str) -> str:
    """The ARN that the simulator takes: of the user, or of the role behind a session.

    A session's ARN (`assumed-role/NAME/SESSION`) leaves the role's path out, so IAM is asked.
    """
    if ":assumed-role/" not in caller:
        return caller
    name = caller.split("/")[1]
    return str(subject.clients.client("iam").get_role(RoleName=name)["Role"]["Arn"])
