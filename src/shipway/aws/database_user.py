"""The application's own user and database: made by a task of the stack, in the stack's network."""

from __future__ import annotations

from typing import Any

from shipway.aws.stack import Say, Stack
from shipway.core.errors import StackFailed
from shipway.core.naming import Names
from shipway.core.ports import Clients, Clock
from shipway.core.settings.aws import Ecs
from shipway.effects.aws_errors import in_words

_EVERY = 5.0  # seconds between two looks
_PATIENCE = 900.0
_DONE = "shipway-prepared"  # a tag of the password's secret: what has been prepared


def prepare_database(
    clients: Clients, stack: Stack, names: Names, settings: Ecs, clock: Clock, say: Say
) -> None:
    """Run the stack's DatabaseTask, unless it has been run as it is now.

    It may be repeated: it makes what is not there, and sets the password that Secrets Manager
    has. Raises StackFailed where it does not end with 0.
    """
    task = stack.physical("DatabaseTask")
    if not task:
        return
    secret = stack.physical("DatabasePassword")
    wanted = f"{task} {stack.physical('Database')}".strip()
    manager = clients.client("secretsmanager")
    with in_words():
        known = manager.describe_secret(SecretId=secret).get("Tags", ())
        if {"Key": _DONE, "Value": wanted} in known:
            return
        say(f"making the database and the user of {names.environment}")
        ended = _run(clients, task, names, settings, clock)
        code = next((one.get("exitCode") for one in ended.get("containers", ())), None)
        if code != 0:
            reason = ended.get("stoppedReason") or "it did not end in time"
            raise StackFailed(
                f"the database of {names.environment} could not be prepared: {reason} "
                f"(exit code {code if code is not None else 'unknown'})",
                f"Its lines are in the log {settings.log_group or names.log_group}, streams "
                "database/…; then apply again: the stack is there, only this is repeated.",
            )
        manager.tag_resource(SecretId=secret, Tags=[{"Key": _DONE, "Value": wanted}])


def _run(clients: Clients, task: str, names: Names, settings: Ecs, clock: Clock) -> dict[str, Any]:
    """The task as it ended, or as it was last seen."""
    ecs, cluster = clients.client("ecs"), settings.cluster or names.cluster
    service = ecs.describe_services(
        cluster=cluster, services=[settings.service or names.service]
    )["services"][0]  # fmt: skip
    begun = ecs.run_task(
        cluster=cluster, taskDefinition=task, count=1, launchType="FARGATE",
        networkConfiguration=service["networkConfiguration"], startedBy="shipway",
    )  # fmt: skip
    if not begun["tasks"]:
        failures = begun.get("failures") or [{}]
        return {"stoppedReason": str(failures[0].get("reason", "ECS started no task"))}
    found: dict[str, Any] = begun["tasks"][0]
    until = clock.monotonic() + _PATIENCE
    while found.get("lastStatus") != "STOPPED" and clock.monotonic() < until:
        clock.sleep(_EVERY)
        found = ecs.describe_tasks(cluster=cluster, tasks=[found["taskArn"]])["tasks"][0]
    return found if found.get("lastStatus") == "STOPPED" else {}
