"""One stack of CloudFormation: asked, prepared, followed. Nothing here decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.aws.errors import error_code, translate_aws_errors
from shipway.aws.names import AwsResourceNames
from shipway.config.aws import Ecs
from shipway.errors import Busy, ShipwayError, StackFailed, StillGoing
from shipway.infrastructure.change import ResourceChange, read_changes
from shipway.infrastructure.parameters import RunningService
from shipway.infrastructure.stack_status import (
    ResourceDrift,
    StackEvent,
    failure_cause,
    is_final,
    is_successful,
    progress_line,
    read_drifts,
    read_event,
)
from shipway.infrastructure.template import LIMIT
from shipway.pipeline.command_line import command_line
from shipway.ports import Clients, Clock

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudformation.type_defs import (
        CreateChangeSetInputTypeDef,
        DescribeChangeSetInputTypeDef,
        DescribeChangeSetOutputTypeDef,
        DescribeStackResourceDriftsInputTypeDef,
        StackEventTypeDef,
        StackResourceDriftTypeDef,
        StackTypeDef,
    )
    from types_boto3_ecs.type_defs import ServiceTypeDef
    from types_boto3_elbv2.type_defs import ActionOutputTypeDef

# The events of a stack, as CloudFormation keeps them: newest first, over many operations.

_BEGINNINGS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


class StackEvents:
    """Those of one stack, by its name."""

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def newest(self) -> str:
        """The newest one's key, "" before the first."""
        with translate_aws_errors():
            return next((str(row["EventId"]) for row in self._rows()), "")

    def before_current(self) -> str:
        """The key of the last one before what goes on now began; "" where that was the first."""
        begun = False
        with translate_aws_errors():
            for row in self._rows():
                if begun:
                    return str(row["EventId"])
                own = row["LogicalResourceId"] == self._name
                begun = own and row["ResourceStatus"] in _BEGINNINGS
        return ""

    def since(self, newest: str, identity: str) -> list[StackEvent]:
        """Those after one, oldest first. identity: the stack's ARN, which outlives its name."""
        rows = []
        for row in self._rows(identity):
            if row["EventId"] == newest:
                break
            rows.append(read_event(row))
        return rows[::-1]

    def _rows(self, identity: str = "") -> Iterator[StackEventTypeDef]:
        pages = self._clients.client("cloudformation").get_paginator("describe_stack_events")
        for page in pages.paginate(StackName=identity or self._name):
            yield from page["StackEvents"]


Say = Callable[[str], None]
_EVERY = 3.0  # seconds between two looks
# A database with a standby is up after half an hour; CloudFormation itself never gives up.
_PATIENCE = 7200.0
_UNCHANGED = ("didn't contain changes", "No updates are to be performed")
_UNBORN = ("", "REVIEW_IN_PROGRESS")  # nothing was ever created


@dataclass(frozen=True)
class ChangeSet:
    """A change set that can be executed, and what it changes. creates: there was no stack."""

    name: str
    changes: tuple[ResourceChange, ...]
    creates: bool


class Stack:
    """A stack, by its name. every: seconds between two looks."""

    def __init__(self, clients: Clients, name: str, clock: Clock, every: float = _EVERY) -> None:
        self.name = name
        self._clients = clients
        self._clock = clock
        self._every = every
        self._events = StackEvents(clients, name)

    def status(self) -> str:
        """CloudFormation's status; "" where there is no such stack."""
        described = self._described()
        return str(described["StackStatus"]) if described else ""

    def outputs(self) -> dict[str, str]:
        """What it says of itself."""
        described = self._described()
        entries = described.get("Outputs", ()) if described else ()
        return {output["OutputKey"]: output["OutputValue"] for output in entries}

    def parameters(self) -> dict[str, str]:
        """What it was made with."""
        described = self._described()
        entries = described.get("Parameters", ()) if described else ()
        return {
            parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in entries
        }

    def physical(self, name: str) -> str:
        """What a resource of the template is called in AWS; "" where there is none."""
        try:
            with translate_aws_errors():
                answer = self._formation.describe_stack_resource(
                    StackName=self.name, LogicalResourceId=name
                )
        except ShipwayError as error:
            if _unknown(error):
                return ""
            raise
        return str(answer["StackResourceDetail"].get("PhysicalResourceId", ""))

    def prepare(
        self, template: str, parameters: Mapping[str, str], tags: Mapping[str, str]
    ) -> ChangeSet | None:
        """A change set; None where nothing would change. Raises StackFailed with the reason."""
        size = len(template.encode())
        if size > LIMIT:
            raise StackFailed(
                f"{self.name}: its template has {size} bytes, CloudFormation takes {LIMIT}",
                "This is a fault of Shipway's: report it.",
            )
        creates = self.status() in _UNBORN
        return self._prepared(
            {
                "StackName": self.name,
                "ChangeSetName": self._new_name(),
                "TemplateBody": template,
                "ChangeSetType": "CREATE" if creates else "UPDATE",
                "Capabilities": ["CAPABILITY_NAMED_IAM"],
                # What an earlier stack has left (images, releases, the log) comes into this one.
                "ImportExistingResources": creates,
                "Parameters": [
                    {"ParameterKey": key, "ParameterValue": value}
                    for key, value in parameters.items()
                ],
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        )

    def prepare_parameter(self, name: str, value: str) -> ChangeSet | None:
        """A change set of one parameter alone, everything else of the stack stays as it is; None
        where nothing would change. Raises as `prepare`."""
        described = self._described()
        tags = described.get("Tags", []) if described else []
        return self._prepared(
            {
                "StackName": self.name,
                "ChangeSetName": self._new_name(),
                "UsePreviousTemplate": True,
                "ChangeSetType": "UPDATE",
                "Capabilities": ["CAPABILITY_NAMED_IAM"],
                "Parameters": [
                    {"ParameterKey": key, "ParameterValue": value}
                    if key == name
                    else {"ParameterKey": key, "UsePreviousValue": True}
                    for key in self.parameters()
                ],
                "Tags": tags,
            }
        )

    def _new_name(self) -> str:
        return f"shipway-{int(self._clock.now() * 1000)}"

    def _prepared(self, request: CreateChangeSetInputTypeDef) -> ChangeSet | None:
        name, creates = request["ChangeSetName"], request.get("ChangeSetType") == "CREATE"
        with translate_aws_errors():
            self._formation.create_change_set(**request)
            pages = self._change_set(name)
        if pages[0]["Status"] == "FAILED":
            reason = str(pages[0].get("StatusReason", ""))
            self.discard(ChangeSet(name, (), creates))
            if any(text in reason for text in _UNCHANGED):
                return None
            raise StackFailed(
                f"{self.name}: CloudFormation cannot work out the change: {reason}",
                "Correct what it names, and ask again: shipway infra plan.",
            )
        return ChangeSet(name, read_changes(pages), creates)

    def discard(self, change_set: ChangeSet) -> None:
        """Take a change set away, and the empty stack that it was the first of."""
        with translate_aws_errors():
            self._formation.delete_change_set(StackName=self.name, ChangeSetName=change_set.name)
            if change_set.creates and self.status() == "REVIEW_IN_PROGRESS":
                self._formation.delete_stack(StackName=self.name)

    def execute(self, change_set: ChangeSet, say: Say) -> str:
        """Do it and follow it to its end; the status. Raises StackFailed, StillGoing."""
        newest = self._events.newest()
        with translate_aws_errors():
            self._formation.execute_change_set(StackName=self.name, ChangeSetName=change_set.name)
        return self._follow(say, newest)

    def follow(self, say: Say) -> str:
        """Follow what somebody else began; the status in which it ends. Raises StillGoing."""
        return self._follow(say, self._events.before_current())

    def delete(self, say: Say) -> str:
        """Delete it and follow that; the status. Raises as `execute`."""
        described, newest = self._described(), self._events.newest()
        identity = described.get("StackId", "") if described else ""
        with translate_aws_errors():
            self._formation.delete_stack(StackName=self.name)
        return self._follow(say, newest, identity)

    def go_on_rolling_back(self, say: Say) -> str:
        """What could not be rolled back is tried again; the status."""
        newest = self._events.newest()
        with translate_aws_errors():
            self._formation.continue_update_rollback(StackName=self.name)
        return self._follow(say, newest)

    def drifts(self) -> tuple[ResourceDrift, ...]:
        """What is not as it was made. Raises StackFailed where it cannot be found out."""
        with translate_aws_errors():
            detection = self._formation.detect_stack_drift(StackName=self.name)
            for _ in self._looks():
                status = self._formation.describe_stack_drift_detection_status(
                    StackDriftDetectionId=detection["StackDriftDetectionId"]
                )
                if status["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                    break
            if status["DetectionStatus"] == "DETECTION_FAILED":
                reason = status.get("DetectionStatusReason", "no reason is given")
                raise StackFailed(
                    f"{self.name}: what drifted cannot be found out: {reason}", "Ask again."
                )
            return read_drifts(self._drifted())

    @property
    def _formation(self) -> CloudFormationClient:
        return self._clients.client("cloudformation")

    def _described(self, identity: str = "") -> StackTypeDef | None:
        try:
            with translate_aws_errors():
                answer = self._formation.describe_stacks(StackName=identity or self.name)
        except ShipwayError as error:
            if _unknown(error):
                return None
            raise
        return answer["Stacks"][0]

    def _looks(self) -> Iterator[None]:
        """Look again and again, until time is up. Raises StillGoing."""
        until = self._clock.monotonic() + _PATIENCE
        while self._clock.monotonic() < until:
            yield
            self._clock.sleep(self._every)
        raise StillGoing(
            f"{self.name} is not ready after {_PATIENCE / 3600:g} hours: it goes on",
            "Follow it: shipway infra apply takes up what is in progress.",
        )

    def _change_set(self, name: str) -> list[DescribeChangeSetOutputTypeDef]:
        """The pages of a change set, once it is ready or has failed."""
        request: DescribeChangeSetInputTypeDef = {
            "StackName": self.name,
            "ChangeSetName": name,
            "IncludePropertyValues": True,
        }
        for _ in self._looks():
            answer = self._formation.describe_change_set(**request)
            if answer["Status"] in ("CREATE_COMPLETE", "FAILED"):
                break
        pages = [answer]
        while token := pages[-1].get("NextToken"):
            request["NextToken"] = token
            pages.append(self._formation.describe_change_set(**request))
        return pages

    def _drifted(self) -> Iterator[StackResourceDriftTypeDef]:
        request: DescribeStackResourceDriftsInputTypeDef = {
            "StackName": self.name,
            "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"],
        }
        while True:
            answer = self._formation.describe_stack_resource_drifts(**request)
            yield from answer["StackResourceDrifts"]
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]

    def _follow(self, say: Say, newest: str, identity: str = "") -> str:
        if not identity:
            described = self._described()
            identity = described.get("StackId", self.name) if described else self.name
        reported: set[str] = set()
        for _ in self._looks():
            with translate_aws_errors():
                current = self._described(identity)
                status = str(current["StackStatus"]) if current else "DELETE_COMPLETE"
                events = self._events.since(newest, identity)
            for event in events:
                if event.key not in reported and _worth_telling(event):
                    say(progress_line(event))
                reported.add(event.key)
            if is_final(status):
                break
        self.failure = failure_cause(events)
        return status

    failure = ""  # why what was followed last failed


def _unknown(error: ShipwayError) -> bool:
    """Whether CloudFormation says that there is no such stack or resource."""
    cause = error.__cause__
    return isinstance(cause, Exception) and error_code(cause) == "ValidationError"


def _worth_telling(event: StackEvent) -> bool:
    """Of every resource only how it ended; of the stack everything."""
    return not event.status.endswith("_IN_PROGRESS") or "ROLLBACK" in event.status


# Brings a stack to what is wanted, from whatever state it is found in; and takes it away.

# Nothing of it can be used: creating it failed, or taking it away again did.
_DEAD = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")


def wait_until_settled(
    stack: Stack, say: Say, unprotect: Callable[[], None] = lambda: None
) -> None:
    """Wait for what goes on, and clear away what a failed creation left.

    unprotect: takes the protection off what refuses to be deleted; nothing has been in it yet.
    Afterwards the stack can be changed, or there is none. Raises StackFailed where a person is
    needed, StillGoing where it takes too long.
    """
    status = stack.status()
    if not is_final(status):
        say(f"stack {stack.name}: {status.lower().replace('_', ' ')}; following it")
        status = stack.follow(say)
    if status == "UPDATE_ROLLBACK_FAILED":
        say(f"stack {stack.name}: its last rollback failed; trying it again")
        status = stack.go_on_rolling_back(say)
    if status in _DEAD:
        say(f"stack {stack.name}: deleting what a creation that failed has left")
        unprotect()
        status = stack.delete(say)
    if status in ("DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"):
        raise failure_text(stack, status)


def raise_if_unsettled(stack: Stack) -> None:
    """Raises StackFailed where a change cannot be worked out before something is settled."""
    status = stack.status()
    if not is_final(status):
        raise StackFailed(
            f"{stack.name} is being changed just now ({status.lower().replace('_', ' ')})",
            "Follow it first: shipway infra apply.",
        )
    if status in _DEAD:
        raise StackFailed(
            f"{stack.name}: creating it failed, and what is left has to go first",
            "shipway infra apply deletes it and begins anew.",
        )


def raise_if_failed(stack: Stack, status: str) -> None:
    """Raises StackFailed, the reason first, unless it ended well."""
    if not is_successful(status):
        raise failure_text(stack, status)


def failure_text(stack: Stack, status: str) -> StackFailed:
    """What went wrong, in words."""
    label = status.lower().replace("_", " ")
    why = stack.failure or "CloudFormation gives no reason"
    remedy = {
        "UPDATE_ROLLBACK_COMPLETE": "Everything is as before. Correct it, then apply again.",
        "UPDATE_ROLLBACK_FAILED": "Mend what it names by hand, then apply again: it goes on.",
        "DELETE_FAILED": "Take away what holds it, then ask again.",
    }.get(status, "Correct it, then apply again: what is left is cleared away first.")
    return StackFailed(f"{why} ({stack.name}: {label})", remedy)


# What runs in an environment's stack: a change of the stack has to leave it as it is.


def running_service(
    clients: Clients, stack: Stack, names: AwsResourceNames, settings: Ecs
) -> RunningService:
    """What runs. Raises Busy while a rollout is going on."""
    with translate_aws_errors():
        service = _service(clients, names, settings)
        if service is None:
            return RunningService()
        rollouts = [
            deployment
            for deployment in service.get("deployments", ())
            if deployment.get("rolloutState") == "IN_PROGRESS"
        ]
        running = str(service.get("taskDefinition", ""))
        if running == stack.physical("FirstTask"):
            running = ""
        if running and rollouts:
            raise Busy(
                f"a rollout in {names.environment} is not finished",
                f"Wait for it, or end it: {command_line('status', names.environment)}.",
                code="rollout-in-progress",
            )
        image = _image(clients, running, settings.container) if running else ""
        return RunningService(running, image, _at_rest(clients, stack))


def _service(clients: Clients, names: AwsResourceNames, settings: Ecs) -> ServiceTypeDef | None:
    from botocore.exceptions import ClientError

    try:
        answer = clients.client("ecs").describe_services(
            cluster=settings.cluster or names.cluster,
            services=[settings.service or names.service],
        )
    except ClientError as error:
        if error_code(error) == "ClusterNotFoundException":
            return None
        raise
    active = [service for service in answer["services"] if service.get("status") == "ACTIVE"]
    return active[0] if active else None


def _image(clients: Clients, definition: str, container: str) -> str:
    answer = clients.client("ecs").describe_task_definition(taskDefinition=definition)
    containers = answer["taskDefinition"]["containerDefinitions"]
    return next(
        (str(candidate["image"]) for candidate in containers if candidate["name"] == container), ""
    )


def _at_rest(clients: Clients, stack: Stack) -> bool:
    """Whether both rules send everything to blue. What is not known is not at rest."""
    rules = [stack.physical(name) for name in ("ProductionRule", "TestRule")]
    if not all(rules):
        return True  # there is nothing yet that could be written again
    answer = clients.client("elbv2").describe_rules(RuleArns=rules)
    blue = stack.physical("Blue")
    return all(_all_to(rule.get("Actions", ()), blue) for rule in answer["Rules"])


def _all_to(actions: Sequence[ActionOutputTypeDef], group: str) -> bool:
    groups = [
        entry
        for action in actions
        for entry in action.get("ForwardConfig", {}).get("TargetGroups", ())
    ]
    served = [entry["TargetGroupArn"] for entry in groups if entry.get("Weight", 0) > 0]
    return served == [group]
