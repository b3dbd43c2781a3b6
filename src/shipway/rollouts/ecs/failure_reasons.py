"""Why a task stopped, did not start or was rolled back: ECS's reasons in words.

The texts are the developer guide's: "Amazon ECS stopped tasks error messages" and the pages below
it, "Amazon ECS service event messages", "API failure reasons". AWS may word one differently
to-morrow: what no row knows is shown as it came, and counts as one that may heal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

# ECS's reasons, the particular ones first: what the text looks like, the cause, the remedy.


class ReasonPattern(NamedTuple):
    """pattern: a regular expression; what it names may be used in cause and remedy.

    heals: False only where the same revision can never start, however often ECS tries.
    """

    pattern: str
    cause: str
    remedy: str
    heals: bool


_PULL = r"CannotPull(ECR)?ContainerError.*"
_SECRET = r"(unable to (pull|retrieve) secrets?|unable to retrieve secrets?|execution resource).*"
_IMAGES = (
    ReasonPattern(
        _PULL + r"(no match for platform|does not contain descriptor matching platform|"
        r"no matching manifest)",
        "the image was built for another processor than the task asks for",
        "Set environments.ENV.ecs.architecture to the image's, or build it for that one.",
        False,
    ),
    ReasonPattern(
        _PULL + r"(toomanyrequests|rate limit)",
        "the registry limits how often images may be pulled",
        "Wait, or publish the image to ECR (image.registry): shipway run publish.",
        True,
    ),
    ReasonPattern(
        _PULL + r"(no space left on device|disk quota)",
        "the image does not fit on the task's disk",
        "Make the image smaller, or set ephemeralStorage in the task definition's template.",
        False,
    ),
    ReasonPattern(
        _PULL + r"(not found|manifest unknown|name unknown|does not exist|repository .* not exist)",
        "the image does not exist in the registry",
        "Push it again: shipway image push; see whether a lifecycle rule has removed it.",
        False,
    ),
    ReasonPattern(
        _PULL + r"(AccessDenied|not authorized|403 Forbidden|no basic auth|401 Unauthorized|"
        r"pull access denied|denied)",
        "the execution role may not pull the image",
        "Give it ecr:GetAuthorizationToken, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer: "
        "shipway infra apply ENV.",
        False,
    ),
    ReasonPattern(
        _PULL + r"(timeout|dial tcp|request canceled|deadline exceeded|connection re|no such host|"
        r"EOF)",
        "the task could not reach the registry",
        "Give it a way out: a public address (assignPublicIp), a NAT gateway or endpoints; "
        "its security group has to allow port 443 outward.",
        True,
    ),
    ReasonPattern(
        _PULL,
        "the image could not be pulled",
        "Look whether it exists and whether the execution role may pull it.",
        True,
    ),
)
_SECRETS = (
    ReasonPattern(
        _SECRET + r"did not contain json key (?P<key>\S+)",
        "a secret has no key {key}",
        "Add the key to the secret, or correct the end of its ARN in environments.ENV.ecs.secrets.",
        False,
    ),
    ReasonPattern(
        r"invalid ssm parameters?:?\s*(?P<name>[^\s,\"]+)",
        "the parameter {name} does not exist in SSM",
        "Create it, or correct its ARN in environments.ENV.ecs.secrets.",
        False,
    ),
    ReasonPattern(
        _SECRET + r"(ResourceNotFoundException|can't find the specified secret)",
        "a secret does not exist in Secrets Manager",
        "Make it: shipway secret set ENV NAME; or correct its ARN in environments.ENV.ecs.secrets.",
        False,
    ),
    ReasonPattern(
        _SECRET + r"(AccessDenied|not authorized)",
        "the execution role may not read a secret, or not use the key it is encrypted with",
        "Give it secretsmanager:GetSecretValue, ssm:GetParameters and kms:Decrypt on them: "
        "shipway infra apply ENV.",
        False,
    ),
    ReasonPattern(
        _SECRET + r"(timeout|deadline exceeded|RequestCanceled|RequestError|send request failed)",
        "the task could not reach Secrets Manager, SSM or ECR",
        "Give it a way out: a public address (assignPublicIp), a NAT gateway or endpoints.",
        True,
    ),
)
_START = (
    ReasonPattern(
        r"log group does not exist",
        "its log group does not exist",
        "Create it (shipway infra apply ENV), or correct environments.ENV.ecs.log_group.",
        False,
    ),
    ReasonPattern(
        r"(logger args|CreateLogStream|Cloudwatch log).*(AccessDenied|not authorized)",
        "the execution role may not write its log",
        "Give it logs:CreateLogStream and logs:PutLogEvents on the log group: "
        "shipway infra apply ENV.",
        False,
    ),
    ReasonPattern(
        r"unable to assume the role[^'\"]*['\"]?(?P<role>arn:[^\s'\"]+)?",
        "ECS may not take on the task's role {role}",
        "Its trust policy has to admit ecs-tasks.amazonaws.com.",
        False,
    ),
    ReasonPattern(
        r"CannotStartContainerError.*exec format error",
        "the image was built for another processor than the task asks for",
        "Set environments.ENV.ecs.architecture to the image's, or build it for that one.",
        False,
    ),
    ReasonPattern(
        r"(executable file not found|no such file or directory: unknown)",
        "the image does not have the command that it is to run",
        "Run the image here once; correct CMD in the Dockerfile or command in the template.",
        False,
    ),
    ReasonPattern(
        r"CannotStartContainerError.*permission denied",
        "the image's command may not be executed by its user",
        "Make the file executable for the image's user.",
        False,
    ),
    ReasonPattern(
        r"OutOfMemoryError|out of memory|OOMKilled",
        "it needed more memory than it may have",
        "Raise environments.ENV.ecs.memory, or lower the number of its workers.",
        True,
    ),
    ReasonPattern(
        r"ResourceInitializationError.*(EFS|mount)",
        "its EFS file system could not be mounted",
        "Look at the file system's mount targets, and whether port 2049 is open to the task.",
        True,
    ),
    ReasonPattern(
        r"(CannotStartContainerError|CannotCreateContainerError|CannotInspectContainerError|"
        r"CannotStopContainerError|ContainerRuntime(Timeout)?Error|DockerTimeoutError|"
        r"InternalError|ResourceInitializationError|Unexpected EC2 error)",
        "ECS could not set the container up",
        "ECS tries again. Where it stays so, look at the task in the ECS console.",
        True,
    ),
)
_PLACE = (
    ReasonPattern(
        r"reached the limit on the number of (?P<what>tasks|vCPUs)",
        "the account may not run more {what} at once",
        "Ask for more at Service Quotas (Fargate), or stop others.",
        False,
    ),
    ReasonPattern(
        r"(does not have|not enough|insufficient) free addresses|InsufficientFreeAddresses",
        "a subnet has no free addresses",
        "Add a subnet to the service, or end what takes its addresses.",
        False,
    ),
    ReasonPattern(
        r"(Capacity is unavailable|RESOURCE:|no container instance met|Timeout waiting for)",
        "AWS has no room for the task at this moment",
        "ECS tries again. Another zone or Fargate instead of Spot has more room.",
        True,
    ),
    ReasonPattern(
        r"(Spot Task was interrupted|SpotInterruption|TerminationNotice|Host EC2)",
        "AWS took the machine back",
        "Nothing: ECS starts another. Fargate without Spot is not taken back.",
        True,
    ),
)
_LIFE = (
    ReasonPattern(
        r"failed ELB health checks|(target|instance).*unhealthy in \(?target-group|"
        r"unhealthy in (\(target-group|target group)",
        "the load balancer's health check got no good answer from it",
        "Look at its log; the health check's path and the container's port have to be the "
        "application's, and it has to be up within the grace period.",
        True,
    ),
    ReasonPattern(
        r"failed container health checks",
        "its container's health check failed",
        "Look at its log; raise startPeriod in the template where it only starts slowly.",
        True,
    ),
    ReasonPattern(
        r"circuit breaker",
        "too many of its tasks did not start or stay healthy: ECS's circuit breaker acted",
        "Look at the reasons of the tasks that stopped, and at their logs.",
        False,
    ),
    ReasonPattern(
        r"(CloudWatch )?alarm.{0,200}(triggered|in ALARM|ALARM state|detected|fired|breach)",
        "a CloudWatch alarm fired while it was rolled out",
        "Look at what the alarm measures before you deploy again.",
        False,
    ),
    ReasonPattern(
        r"(target group|listener|networking).{0,200}(not associated|invalid|not attached)|"
        r"invalid networking",
        "target groups and listener rules are not as the strategy needs them",
        "Both target groups have to be on the production rule or on the test rule: "
        "shipway infra apply ENV.",
        False,
    ),
    ReasonPattern(
        r"Essential container( in task)? exited",
        "its program ended by itself",
        "Look at its last log lines: shipway logs ENV.",
        True,
    ),
    ReasonPattern(
        r"(Scaling activity initiated|ServiceSchedulerInitiated)",
        "the service replaced it or needed fewer",
        "Nothing: that is part of a deployment.",
        True,
    ),
    ReasonPattern(
        r"(Task stopped by user|UserInitiated|StopTask)",
        "somebody stopped it",
        "Ask who; ECS starts another where it belongs to the service.",
        True,
    ),
)
ROWS = (*_IMAGES, *_SECRETS, *_START, *_PLACE, *_LIFE)
# What ends the process: bash(1) "EXIT STATUS" for 126, 127 and 128 + the signal's number.
_CODES = {
    126: "the command cannot be executed",
    127: "the command was not found in the image",
    130: "it was interrupted (SIGINT)",
    134: "it aborted (SIGABRT)",
    137: "it was killed (SIGKILL): out of memory, or not ended within the stop timeout",
    139: "it crashed (SIGSEGV)",
    143: "it was told to end (SIGTERM)",
}
_LONGEST = 300  # characters shown of a reason that no row knows


@dataclass(frozen=True)
class FailureExplanation:
    """A reason in words. heals: whether another try of the same may go well without anybody."""

    cause: str
    remedy: str
    heals: bool


def explain_reason(reason: str) -> FailureExplanation:
    """A `stoppedReason`, a container's `reason`, a service event or a failure in words.

    Of several rows the first that fits counts. An empty reason is one, too.
    """
    for row in ROWS:
        if match := re.search(row.pattern, reason, re.IGNORECASE | re.DOTALL):
            groups = {key: value.strip() for key, value in match.groupdict("").items()}
            return FailureExplanation(
                row.cause.format(**groups), row.remedy.format(**groups), row.heals
            )
    shown = " ".join(reason.split())[:_LONGEST]
    return FailureExplanation(
        shown or "it ended, and ECS gave no reason",
        "Look at its last log lines: shipway logs ENV.",
        heals=True,
    )


def exit_code_text(code: int) -> str:
    """A container's exit code in words: `exit code 127: the command was not found in the image`."""
    meaning = _CODES.get(code, "")
    return f"exit code {code}: {meaning}" if meaning else f"exit code {code}"
