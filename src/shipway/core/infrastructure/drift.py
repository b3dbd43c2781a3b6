"""What is no longer as the stack made it, without what deployments move on purpose.

Form: CloudFormation's DescribeStackResourceDrifts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shipway.core.infrastructure.kinds import word

# type → the beginnings of the property paths that a deployment or the scaling moves.
_MOVED = {
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("/Actions",),
    "AWS::ElasticLoadBalancingV2::Listener": ("/DefaultActions/0/ForwardConfig",),
    "AWS::ECS::Service": ("/TaskDefinition", "/DesiredCount", "/DeploymentConfiguration"),
    "AWS::ApplicationAutoScaling::ScalableTarget": ("/MinCapacity", "/MaxCapacity"),
    "AWS::RDS::DBInstance": ("/AllocatedStorage", "/EngineVersion"),  # grows, is patched
}


@dataclass(frozen=True)
class Drift:
    """A resource that is not as it was made. differences: (property path, expected, actual)."""

    name: str
    type: str
    deleted: bool = False
    differences: tuple[tuple[str, str, str], ...] = ()


def read_drifts(rows: Iterable[Mapping[str, Any]]) -> tuple[Drift, ...]:
    """The resources that drifted, of the rows of DescribeStackResourceDrifts."""
    found = (_drift(row) for row in rows)
    return tuple(one for one in found if one.deleted or one.differences)


def drift_lines(drifts: Iterable[Drift]) -> list[str]:
    """What is different, a line each."""
    lines = []
    for one in drifts:
        what = f"{word(one.type)} {one.name}"
        if one.deleted:
            lines.append(f"- {what} is gone: somebody deleted it")
        for path, expected, actual in one.differences:
            was, now = expected or "not set", actual or "not set"
            lines.append(f"~ {what}: {path.lstrip('/')} was made {was}, is {now}")
    return lines


def _drift(row: Mapping[str, Any]) -> Drift:
    kind, status = row["ResourceType"], row["StackResourceDriftStatus"]
    moved = _MOVED.get(kind, ())
    differences = tuple(
        (one["PropertyPath"], str(one.get("ExpectedValue", "")), str(one.get("ActualValue", "")))
        for one in row.get("PropertyDifferences") or ()
        if not one["PropertyPath"].startswith(moved)
    )
    return Drift(
        row["LogicalResourceId"], kind, status == "DELETED",
        differences if status == "MODIFIED" else (),
    )  # fmt: skip
