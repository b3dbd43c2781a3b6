"""A fake deployment and its tasks as ECS describes them."""

from __future__ import annotations

from typing import Any

from shipway.platforms.ecs.fake_deployment import FakeDeployment, moment
from shipway.platforms.ecs.fake_scenario import Scenario


def described(one: FakeDeployment, service: str, desired: int) -> dict[str, Any]:
    """As DescribeServiceDeployments has it. G: rolling has no weights."""
    state, rolling = one.state, one.plan.rolling
    alarms = one.configuration.get("alarms", {})
    watching = "MONITORING" if one.watches_alarms else "DISABLED"
    weight = {} if rolling else {"requestedProductionTrafficWeight": state.weight}
    other = {} if rolling else {"requestedProductionTrafficWeight": 100.0 - state.weight}
    found: dict[str, Any] = {
        "serviceDeploymentArn": one.arn, "serviceArn": service, "status": one.status,
        "createdAt": moment(one.created), "startedAt": moment(one.created),
        "statusReason": one.reason,
        "targetServiceRevision": {
            "arn": one.target, "requestedTaskCount": desired,
            "runningTaskCount": state.new, "pendingTaskCount": 0, **weight,
        },
        "sourceServiceRevisions": [
            {"arn": one.source, "requestedTaskCount": desired,
             "runningTaskCount": state.old, "pendingTaskCount": 0, **other}
        ],
        "lifecycleHookDetails": [
            {"hookId": hook.identity, "targetType": "PAUSE", "status": hook.status,
             "expiresAt": moment(hook.expires), "timeoutAction": hook.action}
            for hook in one.hooks
        ],
        "alarms": {
            "status": "TRIGGERED" if one.triggered else watching,
            "alarmNames": alarms.get("alarmNames", []),
            "triggeredAlarmNames": list(one.triggered),
        },
        "deploymentConfiguration": dict(one.configuration),
    }  # fmt: skip
    if one.lifecycle:
        found["lifecycleStage"] = one.lifecycle
    return found


def running_task(arn: str, definition: str) -> dict[str, Any]:
    """A task that is well."""
    return {
        "taskArn": arn, "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
        "healthStatus": "HEALTHY", "taskDefinitionArn": definition,
        "containers": [{"name": "web", "lastStatus": "RUNNING"}],
    }  # fmt: skip


def stopped_task(arn: str, definition: str, scenario: Scenario, at: float) -> dict[str, Any]:
    """A task that stopped as the scenario says."""
    container: dict[str, Any] = {"name": "web", "lastStatus": "STOPPED"}
    if scenario.container_reason:
        container["reason"] = scenario.container_reason
    if scenario.exit_code is not None:
        container["exitCode"] = scenario.exit_code
    return {
        **running_task(arn, definition),
        "lastStatus": "STOPPED", "desiredStatus": "STOPPED", "stopCode": scenario.stop_code,
        "stoppedReason": scenario.stop_reason, "createdAt": moment(at - 1.0),
        "stoppedAt": moment(at), "containers": [container],
    }  # fmt: skip
