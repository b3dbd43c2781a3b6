"""The application's own user and database: made by a task of the stack, in the stack's network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shipway.aws.errors import AwsApiError, translate_aws_errors
from shipway.aws.names import AwsResourceNames
from shipway.config.aws import Ecs
from shipway.errors import StackFailed
from shipway.infrastructure.stack import Say, Stack
from shipway.ports import Clients, Clock

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import TaskTypeDef

_TASK_POLL_SECONDS = 5.0  # seconds between two looks
_TASK_TIMEOUT = 900.0
_DONE = "shipway-prepared"  # a tag of the password's secret: what has been prepared


def prepare_database(
    clients: Clients, stack: Stack, names: AwsResourceNames, settings: Ecs, clock: Clock, say: Say
) -> None:
    """Run the stack's DatabaseTask, unless it has been run as it is now.

    It may be repeated: it makes what is not there, and sets the password that Secrets Manager
    has. Raises StackFailed where it does not end with 0.
    """
    task = stack.physical("DatabaseTask")
    if not task:
        return
    secret = stack.physical("DatabasePassword")
    marker = f"{task} {stack.physical('Database')}".strip()
    manager = clients.client("secretsmanager")
    with translate_aws_errors():
        tags = manager.describe_secret(SecretId=secret).get("Tags", ())
        if {"Key": _DONE, "Value": marker} in tags:
            return
        say(f"making the database and the user of {names.environment}")
        ended = _run(clients, task, names, settings, clock)
        code = next((container.get("exitCode") for container in ended.get("containers", ())), None)
        if code != 0:
            reason = ended.get("stoppedReason") or "it did not end in time"
            raise StackFailed(
                f"the database of {names.environment} could not be prepared: {reason} "
                f"(exit code {code if code is not None else 'unknown'})",
                f"Its lines are in the log {settings.log_group or names.log_group}, streams "
                "database/…; then apply again: the stack is there, only this is repeated.",
            )
        manager.tag_resource(SecretId=secret, Tags=[{"Key": _DONE, "Value": marker}])


def _run(
    clients: Clients, task: str, names: AwsResourceNames, settings: Ecs, clock: Clock
) -> TaskTypeDef:
    """The task as it ended, or as it was last seen."""
    ecs, cluster = clients.client("ecs"), settings.cluster or names.cluster
    service = ecs.describe_services(cluster=cluster, services=[settings.service or names.service])[
        "services"
    ][0]
    begun = ecs.run_task(
        cluster=cluster,
        taskDefinition=task,
        count=1,
        launchType="FARGATE",
        networkConfiguration=service["networkConfiguration"],
        startedBy="shipway",
    )
    if not begun["tasks"]:
        reasons = [failure.get("reason", "") for failure in begun.get("failures", ())]
        return {"stoppedReason": next(filter(None, reasons), "ECS started no task")}
    description = begun["tasks"][0]
    until = clock.monotonic() + _TASK_TIMEOUT
    while description.get("lastStatus") != "STOPPED" and clock.monotonic() < until:
        clock.sleep(_TASK_POLL_SECONDS)
        description = ecs.describe_tasks(cluster=cluster, tasks=[description["taskArn"]])["tasks"][
            0
        ]
    return description if description.get("lastStatus") == "STOPPED" else {}


# Data before it goes: a last snapshot, and the protection taken off.

_SNAPSHOT_POLL_SECONDS = 10.0  # seconds between two looks at a snapshot
_SNAPSHOT_TIMEOUT = 7200.0


def last_snapshot(
    clients: Clients, stack: Stack, names: AwsResourceNames, clock: Clock, say: Say
) -> str:
    """Take a snapshot of the stack's database and wait for it; its name, "" without a database.

    CloudFormation takes one as well. This one has a name that says what it is, and nothing is
    deleted before it is there. Raises StackFailed where it cannot be had.
    """
    database = stack.physical("Database")
    if not database:
        return ""
    rds = clients.client("rds")
    when = datetime.fromtimestamp(clock.now(), UTC)
    snapshot = f"{names.prefix}-last-{when:%Y%m%d-%H%M%S}"
    with translate_aws_errors():
        rds.create_db_snapshot(DBInstanceIdentifier=database, DBSnapshotIdentifier=snapshot)
        until = clock.monotonic() + _SNAPSHOT_TIMEOUT
        while clock.monotonic() < until:
            description = rds.describe_db_snapshots(DBSnapshotIdentifier=snapshot)["DBSnapshots"][0]
            if description["Status"] == "available":
                say(f"snapshot of database {database}: {snapshot}")
                return snapshot
            if description["Status"] == "failed":
                break
            clock.sleep(_SNAPSHOT_POLL_SECONDS)
    raise StackFailed(
        f"there is no snapshot of database {database}: {snapshot} is {description['Status']}",
        "Nothing was deleted. Look at it in RDS, then ask again.",
    )


def unprotect(clients: Clients, stack: Stack) -> None:
    """Take the protection off what refuses to be deleted. What is gone already is fine."""
    database, balancer = stack.physical("Database"), stack.physical("Balancer")
    if database:
        _unless_gone(
            lambda: clients.client("rds").modify_db_instance(
                DBInstanceIdentifier=database, DeletionProtection=False, ApplyImmediately=True
            )
        )
    if balancer:
        _unless_gone(
            lambda: clients.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=balancer,
                Attributes=[{"Key": "deletion_protection.enabled", "Value": "false"}],
            )
        )


_GONE = ("DBInstanceNotFound", "LoadBalancerNotFound")


def _unless_gone(call: Callable[[], object]) -> None:
    """Make a call; a stack still names what its failed creation has deleted again."""
    try:
        with translate_aws_errors():
            call()
    except AwsApiError as problem:
        if problem.aws_code not in _GONE:
            raise
