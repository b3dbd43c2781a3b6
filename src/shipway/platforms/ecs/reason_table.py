"""ECS's reasons, the particular ones first: what the text looks like, the cause, the remedy."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
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
    Row(
        _PULL + r"(no match for platform|does not contain descriptor matching platform|"
        r"no matching manifest)",
        "the image was built for another processor than the task asks for",
        "Set environments.ENV.ecs.architecture to the image's, or build it for that one.", False,
    ),
    Row(
        _PULL + r"(toomanyrequests|rate limit)",
        "the registry limits how often images may be pulled",
        "Wait, or push the image to ECR: shipway image push.", True,
    ),
    Row(
        _PULL + r"(no space left on device|disk quota)",
        "the image does not fit on the task's disk",
        "Make the image smaller, or set ephemeralStorage in the task definition's template.", False,
    ),
    Row(
        _PULL + r"(not found|manifest unknown|name unknown|does not exist|repository .* not exist)",
        "the image does not exist in the registry",
        "Push it again: shipway image push; see whether a lifecycle rule has removed it.", False,
    ),
    Row(
        _PULL + r"(AccessDenied|not authorized|403 Forbidden|no basic auth|401 Unauthorized|"
        r"pull access denied|denied)",
        "the execution role may not pull the image",
        "Give it ecr:GetAuthorizationToken, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer: "
        "shipway infra apply ENV.", False,
    ),
    Row(
        _PULL + r"(timeout|dial tcp|request canceled|deadline exceeded|connection re|no such host|"
        r"EOF)",
        "the task could not reach the registry",
        "Give it a way out: a public address (assignPublicIp), a NAT gateway or endpoints; "
        "its security group has to allow port 443 outward.", True,
    ),
    Row(
        _PULL, "the image could not be pulled",
        "Look whether it exists and whether the execution role may pull it.", True,
    ),
)  # fmt: skip

_SECRETS = (
    Row(
        _SECRET + r"did not contain json key (?P<key>\S+)",
        "a secret has no key {key}",
        "Add the key to the secret, or correct the end of its ARN in environments.ENV.ecs.secrets.",
        False,
    ),
    Row(
        r"invalid ssm parameters?:?\s*(?P<name>[^\s,\"]+)",
        "the parameter {name} does not exist in SSM",
        "Create it, or correct its ARN in environments.ENV.ecs.secrets.", False,
    ),
    Row(
        _SECRET + r"(ResourceNotFoundException|can't find the specified secret)",
        "a secret does not exist in Secrets Manager",
        "Make it: shipway secret set ENV NAME; or correct its ARN in environments.ENV.ecs.secrets.",
        False,
    ),
    Row(
        _SECRET + r"(AccessDenied|not authorized)",
        "the execution role may not read a secret, or not use the key it is encrypted with",
        "Give it secretsmanager:GetSecretValue, ssm:GetParameters and kms:Decrypt on them: "
        "shipway infra apply ENV.", False,
    ),
    Row(
        _SECRET + r"(timeout|deadline exceeded|RequestCanceled|RequestError|send request failed)",
        "the task could not reach Secrets Manager, SSM or ECR",
        "Give it a way out: a public address (assignPublicIp), a NAT gateway or endpoints.", True,
    ),
)  # fmt: skip

_START = (
    Row(
        r"log group does not exist",
        "its log group does not exist",
        "Create it (shipway infra apply ENV), or correct environments.ENV.ecs.log_group.", False,
    ),
    Row(
        r"(logger args|CreateLogStream|Cloudwatch log).*(AccessDenied|not authorized)",
        "the execution role may not write its log",
        "Give it logs:CreateLogStream and logs:PutLogEvents on the log group: "
        "shipway infra apply ENV.", False,
    ),
    Row(
        r"unable to assume the role[^'\"]*['\"]?(?P<role>arn:[^\s'\"]+)?",
        "ECS may not take on the task's role {role}",
        "Its trust policy has to admit ecs-tasks.amazonaws.com.", False,
    ),
    Row(
        r"CannotStartContainerError.*exec format error",
        "the image was built for another processor than the task asks for",
        "Set environments.ENV.ecs.architecture to the image's, or build it for that one.", False,
    ),
    Row(
        r"(executable file not found|no such file or directory: unknown)",
        "the image does not have the command that it is to run",
        "Run the image here once; correct CMD in the Dockerfile or command in the template.", False,
    ),
    Row(
        r"CannotStartContainerError.*permission denied",
        "the image's command may not be executed by its user",
        "Make the file executable for the image's user.", False,
    ),
    Row(
        r"OutOfMemoryError|out of memory|OOMKilled",
        "it needed more memory than it may have",
        "Raise environments.ENV.ecs.memory, or lower the number of its workers.", True,
    ),
    Row(
        r"ResourceInitializationError.*(EFS|mount)",
        "its EFS file system could not be mounted",
        "Look at the file system's mount targets, and whether port 2049 is open to the task.", True,
    ),
    Row(
        r"(CannotStartContainerError|CannotCreateContainerError|CannotInspectContainerError|"
        r"CannotStopContainerError|ContainerRuntime(Timeout)?Error|DockerTimeoutError|"
        r"InternalError|ResourceInitializationError|Unexpected EC2 error)",
        "ECS could not set the container up",
        "ECS tries again. Where it stays so, look at the task in the ECS console.", True,
    ),
)  # fmt: skip

_PLACE = (
    Row(
        r"reached the limit on the number of (?P<what>tasks|vCPUs)",
        "the account may not run more {what} at once",
        "Ask for more at Service Quotas (Fargate), or stop others.", False,
    ),
    Row(
        r"(does not have|not enough|insufficient) free addresses|InsufficientFreeAddresses",
        "a subnet has no free addresses",
        "Add a subnet to the service, or end what takes its addresses.", False,
    ),
    Row(
        r"(Capacity is unavailable|RESOURCE:|no container instance met|Timeout waiting for)",
        "AWS has no room for the task at this moment",
        "ECS tries again. Another zone or Fargate instead of Spot has more room.", True,
    ),
    Row(
        r"(Spot Task was interrupted|SpotInterruption|TerminationNotice|Host EC2)",
        "AWS took the machine back",
        "Nothing: ECS starts another. Fargate without Spot is not taken back.", True,
    ),
)  # fmt: skip

_LIFE = (
    Row(
        r"failed ELB health checks|(target|instance).*unhealthy in \(?target-group|"
        r"unhealthy in (\(target-group|target group)",
        "the load balancer's health check got no good answer from it",
        "Look at its log; the health check's path and the container's port have to be the "
        "application's, and it has to be up within the grace period.", True,
    ),
    Row(
        r"failed container health checks",
        "its container's health check failed",
        "Look at its log; raise startPeriod in the template where it only starts slowly.", True,
    ),
    Row(
        r"circuit breaker",
        "too many of its tasks did not start or stay healthy: ECS's circuit breaker acted",
        "Look at the reasons of the tasks that stopped, and at their logs.", False,
    ),
    Row(
        r"(CloudWatch )?alarm.{0,200}(triggered|in ALARM|ALARM state|detected|fired|breach)",
        "a CloudWatch alarm fired while it was rolled out",
        "Look at what the alarm measures before you deploy again.", False,
    ),
    Row(
        r"(target group|listener|networking).{0,200}(not associated|invalid|not attached)|"
        r"invalid networking",
        "target groups and listener rules are not as the strategy needs them",
        "Both target groups have to be on the production rule or on the test rule: "
        "shipway infra apply ENV.", False,
    ),
    Row(
        r"Essential container( in task)? exited",
        "its program ended by itself",
        "Look at its last log lines: shipway logs ENV.", True,
    ),
    Row(
        r"(Scaling activity initiated|ServiceSchedulerInitiated)",
        "the service replaced it or needed fewer",
        "Nothing: that is part of a deployment.", True,
    ),
    Row(
        r"(Task stopped by user|UserInitiated|StopTask)",
        "somebody stopped it",
        "Ask who; ECS starts another where it belongs to the service.", True,
    ),
)  # fmt: skip

ROWS = (*_IMAGES, *_SECRETS, *_START, *_PLACE, *_LIFE)
