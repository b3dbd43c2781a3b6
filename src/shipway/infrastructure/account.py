"""What an account has once, whoever made it: it can be used, and not be made again."""

from __future__ import annotations

from shipway.aws.errors import error_code, translate_aws_errors
from shipway.infrastructure.iam_policy import ISSUER
from shipway.infrastructure.stack import Stack
from shipway.ports import Clients

ACCOUNT_REGION = "us-east-1"  # where AWS has budgets and cost anomaly detection for all regions
_GITHUB = f"oidc-provider/{ISSUER}"


def has_other_provider(clients: Clients, stack: Stack) -> bool:
    """Whether GitHub's identity provider is there, and not by this stack. An account can have it
    once (IAM: EntityAlreadyExists)."""
    if stack.physical("GithubProvider"):
        return False
    with translate_aws_errors():
        rows = clients.client("iam").list_open_id_connect_providers()
    return any(row["Arn"].endswith(_GITHUB) for row in rows["OpenIDConnectProviderList"])


def other_service_monitor(clients: Clients, stack: Stack) -> str:
    """The ARN of the account's monitor of all services, where it is not this stack's; "" for none.

    An account can have one; CloudFormation says AlreadyExists of a second one, whatever its name
    (aws-cloudformation/cloudformation-coverage-roadmap#2515).
    """
    if stack.physical("AnomalyMonitor"):
        return ""
    request: dict[str, str] = {}
    while True:
        with translate_aws_errors():
            answer = clients.client("ce").get_anomaly_monitors(**request)
        for monitor in answer["AnomalyMonitors"]:
            if monitor.get("MonitorDimension") == "SERVICE":
                return str(monitor["MonitorArn"])
        if not answer.get("NextPageToken"):
            return ""
        request = {"NextPageToken": answer["NextPageToken"]}


def ensure_service_role(clients: Clients) -> None:
    """Have ECS's service-linked role made. In an account where ECS was never used, the first
    cluster fails without it (aws-cloudformation/cloudformation-coverage-roadmap#818)."""
    from botocore.exceptions import ClientError

    with translate_aws_errors():
        try:
            clients.client("iam").create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
        except ClientError as error:
            # It is there already: IAM says the first, and stand-ins for it the second.
            if error_code(error) not in ("InvalidInput", "EntityAlreadyExists"):
                raise
