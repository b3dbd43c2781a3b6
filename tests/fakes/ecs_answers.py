"""A fake deployment and its tasks as ECS describes them."""

from __future__ import annotations

from typing import Any

from tests.fakes.ecs_deployment import FakeDeployment, fake_time
from tests.fakes.ecs_scenario import Scenario


def describe_deployment(deployment: FakeDeployment, service: str, desired: int) -> dict[str, Any]:
    """As DescribeServiceDeployments has it. G: rolling has no weights."""
    state, rolling = deployment.state, deployment.plan.rolling
    alarms = deployment.configuration.get("alarms", {})
    watching = "MONITORING" if deployment.watches_alarms else "DISABLED"
    weight = {} if rolling else {"requestedProductionTrafficWeight": state.weight}
    other = {} if rolling else {"requestedProductionTrafficWeight": 100.0 - state.weight}
    answer: dict[str, Any] = {
        "serviceDeploymentArn": deployment.arn,
        "serviceArn": service,
        "status": deployment.status,
        "createdAt": fake_time(deployment.created),
        "startedAt": fake_time(deployment.created),
        "statusReason": deployment.reason,
        "targetServiceRevision": {
            "arn": deployment.target,
            "requestedTaskCount": desired,
            "runningTaskCount": state.new,
            "pendingTaskCount": 0,
            **weight,
        },
        "sourceServiceRevisions": [
            {
                "arn": deployment.source,
                "requestedTaskCount": desired,
                "runningTaskCount": state.old,
                "pendingTaskCount": 0,
                **other,
            }
        ],
        "lifecycleHookDetails": [
            {
                "hookId": hook.identity,
                "targetType": "PAUSE",
                "status": hook.status,
                "expiresAt": fake_time(hook.expires),
                "timeoutAction": hook.action,
            }
            for hook in deployment.hooks
        ],
        "alarms": {
            "status": "TRIGGERED" if deployment.triggered else watching,
            "alarmNames": alarms.get("alarmNames", []),
            "triggeredAlarmNames": list(deployment.triggered),
        },
        "deploymentConfiguration": dict(deployment.configuration),
    }
    if deployment.lifecycle:
        answer["lifecycleStage"] = deployment.lifecycle
    return answer


def running_task(arn: str, definition: str) -> dict[str, Any]:
    """A task that is well."""
    return {
        "taskArn": arn,
        "lastStatus": "RUNNING",
        "desiredStatus": "RUNNING",
        "healthStatus": "HEALTHY",
        "taskDefinitionArn": definition,
        "containers": [{"name": "web", "lastStatus": "RUNNING"}],
    }


def stopped_task(arn: str, definition: str, scenario: Scenario, at: float) -> dict[str, Any]:
    """A task that stopped as the scenario says."""
    container: dict[str, Any] = {"name": "web", "lastStatus": "STOPPED"}
    if scenario.container_reason:
        container["reason"] = scenario.container_reason
    if scenario.exit_code is not None:
        container["exitCode"] = scenario.exit_code
    return {
        **running_task(arn, definition),
        "lastStatus": "STOPPED",
        "desiredStatus": "STOPPED",
        "stopCode": scenario.stop_code,
        "stoppedReason": scenario.stop_reason,
        "createdAt": fake_time(at - 1.0),
        "stoppedAt": fake_time(at),
        "containers": [container],
    }
