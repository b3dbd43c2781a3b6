"""What the rules for events and the filters of logs take, and what they leave.

The events are ECS's and CloudTrail's as their documentation shows them. moto reads patterns of
EventBridge. A filter's pattern is read here as far as ours go: fields that equal values, all of
them.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from moto.events.models import EventPattern
from tests.monitoring.environments import FULL, of_kind, rendered

MADE = rendered(FULL)
SERVICE = "arn:aws:ecs:eu-west-1:123456789012:service/web-production/web"
CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/web-production"


def deployment(name: str = "SERVICE_DEPLOYMENT_FAILED", service: str = SERVICE) -> dict[str, Any]:
    detail = {"eventName": name, "deploymentId": "ecs-svc/1", "reason": "tasks failed to start"}
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Deployment State Change",
        "resources": [service],
        "detail": detail,
    }


def task(**changes: str) -> dict[str, Any]:
    detail = {
        "clusterArn": CLUSTER,
        "group": "service:web",
        "lastStatus": "STOPPED",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "OutOfMemoryError",
        **changes,
    }
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "resources": [],
        "detail": detail,
    }


def read(message: str, error: str = "AccessDenied", name: str = "GetSecretValue") -> dict[str, Any]:
    detail = {"eventName": name, "errorCode": error, "errorMessage": message}
    return {
        "source": "aws.secretsmanager",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {key: value for key, value in detail.items() if value},
    }


DENIED = (
    "User: arn:aws:sts::123456789012:assumed-role/x is not authorized to perform: "
    "secretsmanager:GetSecretValue on resource: "
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:web/production/KEY-AbCdEf because no …"
)
RUNNING, STAGING = task(lastStatus="RUNNING"), CLUSTER.replace("production", "staging")


@pytest.mark.parametrize(
    ("rule", "event", "taken"),
    [
        ("DeploymentEvents", deployment(), True),
        ("DeploymentEvents", deployment("SERVICE_DEPLOYMENT_IN_PROGRESS"), True),
        ("DeploymentEvents", deployment(service=SERVICE.replace("production", "staging")), False),
        ("DeploymentEvents", task(), False),
        ("FailedDeployments", deployment(), True),
        ("FailedDeployments", deployment("SERVICE_DEPLOYMENT_COMPLETED"), False),
        ("TaskEvents", task(), True),
        ("TaskEvents", task(stopCode="TaskFailedToStart"), True),
        ("TaskEvents", task(stopCode="ServiceSchedulerInitiated"), False),
        ("TaskEvents", task(group="family:web-production"), False),
        ("TaskEvents", task(clusterArn=STAGING), False),
        ("TaskEvents", RUNNING, False),
        ("SecretEvents", read(DENIED), True),
        ("SecretEvents", read(DENIED, "AccessDeniedException"), True),
        ("SecretEvents", read("", ""), False),
        ("SecretEvents", read(DENIED.replace("production", "staging")), False),
        ("SecretEvents", read(DENIED, name="DescribeSecret"), False),
    ],
)
def test_a_rule_takes_its_events_and_no_others(
    rule: str, event: dict[str, Any], taken: bool
) -> None:
    pattern = of_kind(MADE, "Events::Rule")[rule]["EventPattern"]
    assert EventPattern.load(json.dumps(pattern)).matches_event(event) == taken


def line(kind: str, **fields: Any) -> dict[str, Any]:
    """As mycandidate/main/logs.py writes it."""
    return {"time": "2026-11-25T12:00:00.000+00:00", "kind": kind, "level": "warning", **fields}


@pytest.mark.parametrize(
    ("line_", "counted"),
    [
        (line("error", message="boom"), {"LogErrors"}),
        (line("app", message="error"), set()),
        (line("security", status=401, path="/x"), {"Refused401"}),
        (line("security", status=403, path="/x"), {"Refused403"}),
        (line("security", status=429, path="/x"), {"Refused429"}),
        (line("security", message="request id refused", length=90), set()),
        (line("access", status=403, path="/x"), set()),
        (task(), {"TaskRestarts"}),
        (deployment(), {"DeploymentsFailed"}),
        (deployment("SERVICE_DEPLOYMENT_IN_PROGRESS"), {"DeploymentsStarted"}),
        (deployment("SERVICE_DEPLOYMENT_COMPLETED"), set()),
        (read(DENIED), {"SecretAccessDenied"}),
    ],
)
def test_a_line_is_counted_where_it_belongs(line_: dict[str, Any], counted: set[str]) -> None:
    found = {
        one["FilterName"]
        for one in of_kind(MADE, "Logs::MetricFilter").values()
        if holds(one["FilterPattern"], line_)
    }
    assert found == counted


def holds(pattern: str, line_: dict[str, Any]) -> bool:
    terms = re.findall(r'\$\.([\w.]+) = ("[^"]*"|\d+)', pattern)
    rest = re.sub(r'\$\.[\w.]+ = ("[^"]*"|\d+)', "", pattern)
    assert re.fullmatch(r"\{ (\(\) && \(\)|) ?\}", rest), "a pattern that is not read here"
    return all(field(path, line_) == json.loads(value) for path, value in terms)


def field(path: str, line_: Any) -> Any:
    for key in path.split("."):
        line_ = line_.get(key) if isinstance(line_, dict) else None
    return line_
