"""What runs in an environment's stack: a change of the stack has to leave it as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shipway.aws.stack import Stack
from shipway.core.command_line import command_line
from shipway.core.errors import Busy
from shipway.core.infrastructure.parameters import Live
from shipway.core.naming import Names
from shipway.core.ports import Clients
from shipway.core.settings.aws import Ecs
from shipway.effects.aws_errors import code_of, in_words


def live(clients: Clients, stack: Stack, names: Names, settings: Ecs) -> Live:
    """What runs. Raises Busy while a rollout is going on."""
    with in_words():
        service = _service(clients, names, settings)
        if service is None:
            return Live()
        rollouts = [one for one in service.get("deployments", ())
                    if one.get("rolloutState") == "IN_PROGRESS"]  # fmt: skip
        running = str(service.get("taskDefinition", ""))
        if running == stack.physical("FirstTask"):
            running = ""
        if running and rollouts:
            raise Busy(
                f"a rollout in {names.environment} is not finished",
                f"Wait for it, or end it: {command_line('status', names.environment)}.",
            )
        image = _image(clients, running, settings.container) if running else ""
        return Live(running, image, _at_rest(clients, stack))


def _service(clients: Clients, names: Names, settings: Ecs) -> dict[str, Any] | None:
    from botocore.exceptions import ClientError

    try:
        found = clients.client("ecs").describe_services(
            cluster=settings.cluster or names.cluster,
            services=[settings.service or names.service],
        )
    except ClientError as error:
        if code_of(error) == "ClusterNotFoundException":
            return None
        raise
    active = [one for one in found["services"] if one.get("status") == "ACTIVE"]
    return active[0] if active else None


def _image(clients: Clients, definition: str, container: str) -> str:
    found = clients.client("ecs").describe_task_definition(taskDefinition=definition)
    containers = found["taskDefinition"]["containerDefinitions"]
    return next((str(one["image"]) for one in containers if one["name"] == container), "")


def _at_rest(clients: Clients, stack: Stack) -> bool:
    """Whether both rules send everything to blue. What is not known is not at rest."""
    rules = [stack.physical(name) for name in ("ProductionRule", "TestRule")]
    if not all(rules):
        return True  # there is nothing yet that could be written again
    found = clients.client("elbv2").describe_rules(RuleArns=rules)
    blue = stack.physical("Blue")
    return all(_all_to(one.get("Actions", ()), blue) for one in found["Rules"])


def _all_to(actions: Sequence[dict[str, Any]], group: str) -> bool:
    groups = [one for action in actions
              for one in action.get("ForwardConfig", {}).get("TargetGroups", ())]  # fmt: skip
    served = [one["TargetGroupArn"] for one in groups if one.get("Weight", 0) > 0]
    return served == [group]
