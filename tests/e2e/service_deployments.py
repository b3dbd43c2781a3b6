"""ECS's service deployments, made from what MiniStack's DescribeServices says.

MiniStack answers ListServiceDeployments, DescribeServiceDeployments and DescribeServiceRevisions
with nothing, and has no StopServiceDeployment. Here
- its deployments of a service are told as service deployments, and remembered after it has
  forgotten them, as ECS does;
- a way back belongs to the deployment that failed: it is none of its own;
- to stop one is to go back, with UpdateService, to the last that was a success. Where the task
  for that has got lost between two of MiniStack's threads (seen: it starts one of the revision
  that was just replaced), it is asked again, by an UpdateService that changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Ask = Callable[[str, dict[str, Any]], dict[str, Any]]  # an operation of ECS's, and what is asked
OVER = ("SUCCESSFUL", "ROLLBACK_SUCCESSFUL")
OPERATIONS = (
    "ListServiceDeployments",
    "DescribeServiceDeployments",
    "DescribeServiceRevisions",
    "StopServiceDeployment",
)


class ServiceDeployments:
    """All that were seen, by their ARNs, the oldest first."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Any]] = {}
        self._backs: dict[str, str] = {}  # the way back → the deployment that was stopped

    def answer(self, operation: str, asked: dict[str, Any], ask: Ask) -> dict[str, Any]:
        """What ECS would answer to one of OPERATIONS."""
        answers = (self._list, self._describe, self._revisions, self._stop)
        return answers[OPERATIONS.index(operation)](asked, ask)

    def _list(self, asked: dict[str, Any], ask: Ask) -> dict[str, Any]:
        self._look(asked["cluster"], asked["service"], ask)
        wanted = asked.get("status")
        found = [
            _plain(one)
            for one in reversed(self._known.values())
            if one["serviceArn"].endswith(f"/{asked['service']}")
            and (not wanted or one["status"] in wanted)
        ]
        return {"serviceDeployments": found}

    def _describe(self, asked: dict[str, Any], ask: Ask) -> dict[str, Any]:
        found = self._named(asked["serviceDeploymentArns"], "service-deployment", ask)
        return {"serviceDeployments": [_plain(one) for one in found], "failures": []}

    def _revisions(self, asked: dict[str, Any], ask: Ask) -> dict[str, Any]:
        found = [
            {
                "serviceRevisionArn": one["targetServiceRevision"]["arn"],
                "taskDefinition": one["taskDefinition"],
                "loadBalancers": one["loadBalancers"],
                "createdAt": one["createdAt"],
            }
            for one in self._named(asked["serviceRevisionArns"], "service-revision", ask)
        ]
        return {"serviceRevisions": found, "failures": []}

    def _stop(self, asked: dict[str, Any], ask: Ask) -> dict[str, Any]:
        arn = asked["serviceDeploymentArn"]
        cluster, service = arn.split("/")[-3:-1]
        self._look(cluster, service, ask)
        good = [one for one in self._known.values() if one["status"] == "SUCCESSFUL"]
        back = {"cluster": cluster, "service": service}
        answer = ask("UpdateService", {**back, "taskDefinition": good[-1]["taskDefinition"]})
        found = answer["service"]
        primary = next(one for one in found["deployments"] if one["status"] == "PRIMARY")
        if (new := _arn(found, primary)) not in self._known:  # else its breaker was quicker
            self._backs[new] = arn
            self._known[arn]["status"] = "ROLLBACK_IN_PROGRESS"
        return {"serviceDeploymentArn": arn}

    def _named(self, arns: list[str], kind: str, ask: Ask) -> list[dict[str, Any]]:
        for place in {tuple(arn.split("/")[-3:-1]) for arn in arns}:
            self._look(*place, ask)
        wanted = [arn.replace(f":{kind}/", ":service-deployment/") for arn in arns]
        return [self._known[arn] for arn in wanted if arn in self._known]

    def _look(self, cluster: str, service: str, ask: Ask) -> None:
        """What has become of a service's."""
        found = ask("DescribeServices", {"cluster": cluster, "services": [service]})["services"]
        for one in found:
            moving = any(
                each["status"] == "PRIMARY" and each["rolloutState"] == "IN_PROGRESS"
                for each in one["deployments"]
            )
            for each in reversed(one["deployments"]):
                self._note(one, each, moving=moving)
                tasks = each["runningCount"] + each["pendingCount"]
                if _arn(one, each) in self._backs and each["status"] == "PRIMARY" and not tasks:
                    ask("UpdateService", {"cluster": cluster, "service": service})

    def _note(self, service: dict[str, Any], one: dict[str, Any], *, moving: bool) -> None:
        arn, state = _arn(service, one), one["rolloutState"]
        if arn in self._backs:
            if state == "COMPLETED":
                self._known[self._backs[arn]]["status"] = "ROLLBACK_SUCCESSFUL"
            return
        before = self._known.get(arn, {}).get("status", "")
        if before in OVER or (before == "ROLLBACK_IN_PROGRESS" and arn in self._backs.values()):
            return
        status = {"IN_PROGRESS": "IN_PROGRESS", "COMPLETED": "SUCCESSFUL"}.get(state)
        status = status or ("ROLLBACK_IN_PROGRESS" if moving else "ROLLBACK_SUCCESSFUL")
        self._known[arn] = _told(service, one, status)


def _arn(service: dict[str, Any], one: dict[str, Any]) -> str:
    before = service["serviceArn"].split(":service/")[0]
    cluster, number = service["clusterArn"].split("/")[-1], one["id"].split("/")[-1]
    return f"{before}:service-deployment/{cluster}/{service['serviceName']}/{number}"


def _told(service: dict[str, Any], one: dict[str, Any], status: str) -> dict[str, Any]:
    arn = _arn(service, one)
    return {
        "serviceDeploymentArn": arn,
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "status": status,
        "createdAt": one["createdAt"],
        "startedAt": one["createdAt"],
        "updatedAt": one["updatedAt"],
        "statusReason": one.get("rolloutStateReason", ""),
        "targetServiceRevision": {
            "arn": arn.replace(":service-deployment/", ":service-revision/"),
            "runningTaskCount": one["runningCount"],
            "pendingTaskCount": one["pendingCount"],
            "requestedTaskCount": one["desiredCount"],
        },
        "taskDefinition": one["taskDefinition"],
        "loadBalancers": service.get("loadBalancers", []),
    }


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in one.items() if k not in ("taskDefinition", "loadBalancers")}
