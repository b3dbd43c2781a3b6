"""Which IAM actions a call of the API needs.

Source: Service Authorization Reference (docs.aws.amazon.com/service-authorization), the page of
each service. Nearly always an action has the operation's name; the exceptions are here.
"""

from __future__ import annotations

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
    ("ecs", "RegisterTaskDefinition"): ("ecs:RegisterTaskDefinition", "iam:PassRole"),
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


def actions(service: str, operation: str) -> tuple[str, ...]:
    """The actions that a call needs.

    service: boto3's name, or REGISTRY. operation: the API's, for example `RunTask`.
    """
    usual = (f"{_PREFIXES.get(service, service)}:{operation}",)
    return EXCEPTIONS.get((service, operation), usual)
