"""Whether the secrets and parameters exist. Nothing reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shipway.core.command_line import command_line
from shipway.effects.aws_errors import code_of
from shipway.platforms.ecs.preflight.problem import Problem, looking, unseen
from shipway.platforms.ecs.preflight.subject import Subject
from shipway.platforms.ecs.variables import reference

CHECK = "secrets"
_AT_ONCE = 50  # values of one filter of DescribeParameters


def secrets(subject: Subject) -> list[Problem]:
    """Look for everything that the task definition takes from Secrets Manager and SSM."""
    found: list[Problem] = []
    parameters: dict[str, str] = {}
    for variable, arn in _wanted(subject):
        to = reference(arn)
        if to is None:
            found.append(
                Problem(
                    CHECK, f"{variable} is taken from {arn!r}, which is no ARN",
                    f"Put the ARN of a secret or parameter in {subject.place}.secrets.{variable}.",
                )
            )  # fmt: skip
        elif to.store == "ssm":
            parameters[to.arn.partition(":parameter")[2]] = variable
        else:
            found += _secret(subject, variable, to.arn)
    return found + _parameters(subject, parameters)


def _wanted(subject: Subject) -> Iterator[tuple[str, str]]:
    """Variable → ARN, of every container."""
    for container in subject.task_definition.get("containerDefinitions", ()):
        for one in container.get("secrets", ()):
            yield one["name"], one["valueFrom"]


def _secret(subject: Subject, variable: str, arn: str) -> list[Problem]:
    from botocore.exceptions import BotoCoreError, ClientError

    name = arn.rpartition(":secret:")[2]
    fill = f"Set it: {command_line('secret', 'set', subject.names.environment, variable)}"
    try:
        known = subject.clients.client("secretsmanager").describe_secret(SecretId=arn)
    except (BotoCoreError, ClientError) as error:
        if code_of(error) == "ResourceNotFoundException":
            return [
                Problem(
                    CHECK, f"{variable}: Secrets Manager has no secret {name}",
                    f"{fill}; or correct its ARN in {subject.place}.secrets.{variable}.",
                )
            ]  # fmt: skip
        return [unseen(CHECK, f"the secret {name}", error)]
    if known.get("DeletedDate"):
        return [
            Problem(
                CHECK, f"{variable}: the secret {name} is about to be deleted",
                f"Keep it: aws secretsmanager restore-secret --secret-id {name}.",
            )
        ]  # fmt: skip
    stages = known.get("VersionIdsToStages", {}).values()
    if not any("AWSCURRENT" in one for one in stages):
        return [Problem(CHECK, f"{variable}: the secret {name} has no value yet", f"{fill}.")]
    return []


def _parameters(subject: Subject, wanted: dict[str, str]) -> list[Problem]:
    """name → variable. An ARN's name begins with `/` also where the parameter's has none."""
    found: list[Problem] = []
    names = sorted(wanted)
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        with looking(CHECK, f"the parameters {', '.join(some)}", found):
            known = _known(subject, some)
            found += [
                Problem(
                    CHECK, f"{wanted[name]}: SSM has no parameter {name}",
                    f"Create it, or correct its ARN in {subject.place}.secrets.{wanted[name]}.",
                )
                for name in some
                if name not in known and name.removeprefix("/") not in known
            ]  # fmt: skip
    return found


def _known(subject: Subject, names: Sequence[str]) -> set[str]:
    """Which of them there are."""
    flat = [name.removeprefix("/") for name in names if name.count("/") == 1]
    ssm = subject.clients.client("ssm")
    known: set[str] = set()
    for some in (names, flat):
        if some:
            asked = {"Key": "Name", "Option": "Equals", "Values": list(some)}
            for page in ssm.get_paginator("describe_parameters").paginate(ParameterFilters=[asked]):
                known |= {one["Name"] for one in page["Parameters"]}
    return known
