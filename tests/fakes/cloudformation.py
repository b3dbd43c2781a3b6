"""CloudFormation for tests, with an account around it that remembers what exists.

A template is rendered, and its resources are made one by one. Each rule has a name and its source;
docs/assumptions.md lists them all. It fails where a test says so, and hits what is there already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from tests.fakes.aws_shapes import raise_client_error
from tests.infrastructure.render import ACCOUNT, REGION, parse, render

_parsed = cache(parse)
_MOMENT = datetime(2026, 11, 25, tzinfo=UTC)
# Types whose name is given, and exists once: type → property.
_NAMED = {
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::OIDCProvider": "Url",
    "AWS::ECS::Cluster": "ClusterName",
    "AWS::RDS::DBInstance": "DBInstanceIdentifier",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "Name",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "Name",
}
_WORKING = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_KEPT = ("Retain", "RetainExceptOnCreate")
_FIRST = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web-staging-first:1"


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The resources that differ, in the order of the template."""
    names = [*after, *(name for name in before if name not in after)]
    return [name for name in names if before.get(name) != after.get(name)]


@dataclass
class _Resource:
    """One of a stack. name: what it is called where names are given, "" elsewhere."""

    type: str
    name: str
    physical: str
    policy: str
    protected: bool
    imported: bool


@dataclass
class _Stack:
    status: str
    resources: dict[str, _Resource] = field(default_factory=dict)
    events: list[tuple[str, str, str]] = field(default_factory=list)
    pending: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)


class FakeAccountOfStacks:
    """Clients of an account. existing: (type, name) of what there is. fails_at: the number of the
    resource at which the next creation fails, None for never; fails_on: the name of one at which
    the next change that has it fails. service: what the one
    service was given last: taskDefinition, desiredCount; deployed: every task definition that it
    was given while it had another. monitors: dimensions of the
    account's anomaly monitors; has_service_role: whether ECS was ever used."""

    region = REGION

    def __init__(self) -> None:
        self.stacks: dict[str, _Stack] = {}
        self.existing: set[tuple[str, str]] = set()
        self.fails_at: int | None = None
        self.fails_on = ""
        self.monitors: list[str] = []
        self.has_service_role = False
        self.tags: list[dict[str, str]] = []
        self.made = 0
        self.service: dict[str, Any] = {}
        self.deployed: list[str] = []
        self.weights = (100, 0)

    def client(self, service: str) -> Any:
        """One client for all: no operation has the same name in two of the services."""
        return self

    # -- CloudFormation -----------------------------------------------------------------------

    def describe_stacks(self, StackName: str) -> dict[str, Any]:
        stack = self._stack(StackName)
        row = {"StackName": StackName, "StackId": StackName, "CreationTime": _MOMENT}
        parameters = [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in stack.parameters.items()
        ]
        return {"Stacks": [{**row, "StackStatus": stack.status, "Parameters": parameters}]}

    def create_change_set(self, **given: Any) -> dict[str, Any]:
        creates = given["ChangeSetType"] == "CREATE"
        if creates:
            self.stacks[given["StackName"]] = _Stack("REVIEW_IN_PROGRESS")
        self._stack(given["StackName"]).pending = given
        return {"Id": given["ChangeSetName"]}

    def describe_change_set(self, StackName: str, **_: Any) -> dict[str, Any]:
        stack = self._stack(StackName)
        creates = stack.pending["ChangeSetType"] == "CREATE"
        before, after = {} if creates else self._before(StackName), self._after(StackName)
        stack.types = {name: row["Type"] for name, row in {**before, **after}.items()}
        names = _changed(before, after)
        if not names:
            reason = "The submitted information didn't contain changes."
            return {"Status": "FAILED", "StatusReason": reason}
        changes = [
            {
                "ResourceChange": {
                    "Action": "Add"
                    if name not in before
                    else "Modify"
                    if name in after
                    else "Remove",
                    "LogicalResourceId": name,
                    "ResourceType": stack.types[name],
                }
            }
            for name in names
        ]
        return {"Status": "CREATE_COMPLETE", "Changes": changes}

    def delete_change_set(self, **_: Any) -> None:
        """It is gone."""

    def execute_change_set(self, StackName: str, **_: Any) -> None:
        stack, number = self._stack(StackName), self.fails_at
        if stack.pending["ChangeSetType"] == "UPDATE":
            return self._update(StackName)
        template, rendered = _parsed(stack.pending["TemplateBody"]), self._after(StackName)
        stack.template, stack.parameters = self._pending(StackName)
        for at, (name, resource) in enumerate(rendered.items()):
            wrong = "it failed, as a test said" if at == number else ""
            wrong = wrong or self._make(stack, name, resource, template["Resources"][name])
            if wrong:
                self.fails_at = None
                stack.events.append((name, "CREATE_FAILED", wrong))
                return self._take_back(stack)
            stack.events.append((name, "CREATE_COMPLETE", ""))
        stack.status = "CREATE_COMPLETE"

    def _update(self, name: str) -> None:
        """Change what differs, one after the other."""
        stack, before, after = self._stack(name), self._before(name), self._after(name)
        template = _parsed(self._pending(name)[0])
        done: list[str] = []
        for resource in _changed(before, after):
            if resource == self.fails_on:
                self.fails_on = ""
                stack.events.append((resource, "UPDATE_FAILED", "it failed, as a test said"))
                # rule cfn-update-rollback: DOC AWS CloudFormation user guide, "Update behaviors of
                # stack resources", "Stack failure options": what was changed gets the properties
                # of the template before, whatever it has by then
                for changed in (*done, resource):
                    self._set(stack, changed, before.get(changed), template)
                stack.status = "UPDATE_ROLLBACK_COMPLETE"
                return
            self._set(stack, resource, after.get(resource), template)
            done.append(resource)
            stack.events.append((resource, "UPDATE_COMPLETE", ""))
        stack.template, stack.parameters = self._pending(name)
        stack.status = "UPDATE_COMPLETE"

    def _set(
        self,
        stack: _Stack,
        name: str,
        resource: Mapping[str, Any] | None,
        template: Mapping[str, Any],
    ) -> None:
        """Let a resource be so; None: let there be none."""
        if resource is None:
            if name in stack.resources:
                self._delete(stack, name, True)
        elif name not in stack.resources:
            self._make(stack, name, resource, template["Resources"][name])
        elif resource["Type"] == "AWS::ECS::Service":
            self._serve(resource["Properties"])

    def _serve(self, properties: Mapping[str, Any]) -> None:
        """The service is made or changed. A count that is not given stays as it is."""
        definition = properties["TaskDefinition"]
        arn = _FIRST if isinstance(definition, Mapping) else str(definition)
        # rule ecs-update-without-deployment: MODEL UpdateService: with the task definition that
        # it has already, and another count, a service begins no deployment
        if arn != self.service.get("taskDefinition"):
            self.deployed.append(arn)
        self.service["taskDefinition"] = arn
        if isinstance(properties.get("DesiredCount"), int):
            self.service["desiredCount"] = properties["DesiredCount"]

    def _pending(self, name: str) -> tuple[str, dict[str, str]]:
        """Template and parameters of the change set."""
        stack = self._stack(name)
        given = stack.pending
        template = stack.template if given.get("UsePreviousTemplate") else given["TemplateBody"]
        parameters = {
            row["ParameterKey"]: stack.parameters[row["ParameterKey"]]
            if row.get("UsePreviousValue")
            else row["ParameterValue"]
            for row in given["Parameters"]
        }
        return template, parameters

    def _after(self, name: str) -> dict[str, Any]:
        template, parameters = self._pending(name)
        resources: dict[str, Any] = render(_parsed(template), parameters, name)["Resources"]
        return resources

    def _before(self, name: str) -> dict[str, Any]:
        stack = self._stack(name)
        resources: dict[str, Any] = render(_parsed(stack.template), stack.parameters, name)[
            "Resources"
        ]
        return resources

    def delete_stack(self, StackName: str) -> None:
        stack = self._stack(StackName)
        if stack.status == "REVIEW_IN_PROGRESS":
            del self.stacks[StackName]
            return
        failed = stack.status not in _WORKING
        left = [name for name in list(stack.resources) if not self._delete(stack, name, failed)]
        stack.status = "DELETE_FAILED" if left else "DELETE_COMPLETE"
        if not left:
            del self.stacks[StackName]

    def describe_stack_resource(self, StackName: str, LogicalResourceId: str) -> dict[str, Any]:
        resource = self._stack(StackName).resources.get(LogicalResourceId)
        if resource is None:
            raise_client_error("DescribeStackResource", "ValidationError", "there is none")
        return {"StackResourceDetail": {"PhysicalResourceId": resource.physical}}

    def get_paginator(self, name: str) -> Any:
        assert name == "describe_stack_events"
        return self

    def describe_stack_events(self, StackName: str) -> Iterator[dict[str, Any]]:
        """The pages, as a paginator gives them."""
        return self.paginate(StackName)

    def paginate(self, StackName: str) -> Iterator[dict[str, Any]]:
        stack = self.stacks.get(StackName)
        rows = [
            {
                "EventId": f"{StackName}-{number}",
                "LogicalResourceId": name,
                "ResourceType": stack.types.get(name, "AWS::CloudFormation::Stack"),
                "Timestamp": _MOMENT,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
            for number, (name, status, reason) in enumerate(stack.events if stack else ())
        ]
        yield {"StackEvents": rows[::-1]}

    def _make(
        self, stack: _Stack, name: str, resource: Mapping[str, Any], raw: Mapping[str, Any]
    ) -> str:
        """Make one; what is wrong with it."""
        kind, properties = resource["Type"], resource.get("Properties", {})
        policy, key = resource.get("DeletionPolicy", "Delete"), _NAMED.get(kind, "")
        title, imported = str(properties.get(key, "")) if key else "", False
        if wrong := self._limit(kind, properties):
            return wrong
        if title and (kind, title) in self.existing:
            # rule cfn-import-existing: DOC AWS CloudFormation user guide, "Import AWS resources
            # into a CloudFormation stack automatically": only by a name that is no function, and
            # with DeletionPolicy Retain or RetainExceptOnCreate; a provider's ARN is no such name
            static = (
                isinstance(raw["Properties"].get(key), str) and kind != "AWS::IAM::OIDCProvider"
            )
            if not (stack.pending.get("ImportExistingResources") and static and policy in _KEPT):
                # rule cfn-already-exists: LIVE awslabs/landing-zone-accelerator-on-aws#1211
                return f"{title} already exists"
            imported = True
        self.made += 1
        if kind == "AWS::ECS::Service":
            self._serve(properties)
        if kind == "AWS::CE::AnomalyMonitor":
            self.monitors.append(properties["MonitorDimension"])
        physical = _FIRST if name == "FirstTask" else title or f"{name.lower()}-{self.made}"
        protected = "true" in (
            str(properties.get("DeletionProtection", "")),
            *(
                row["Value"]
                for row in properties.get("LoadBalancerAttributes", ())
                if row["Key"] == "deletion_protection.enabled"
            ),
        )
        stack.resources[name] = _Resource(kind, title, physical, policy, protected, imported)
        self.existing |= {(kind, title)} if title else set()
        return ""

    def _limit(self, kind: str, properties: Mapping[str, Any]) -> str:
        if kind == "AWS::ECS::Cluster" and not self.has_service_role:
            # rule ecs-service-role: LIVE aws-cloudformation/cloudformation-coverage-roadmap#818
            self.has_service_role = True  # the failure has it made: "recreating succeeds"
            return "Unable to assume the service linked role."
        if kind == "AWS::CE::AnomalyMonitor" and properties["MonitorDimension"] in self.monitors:
            # rule ce-one-monitor: LIVE aws-cloudformation/cloudformation-coverage-roadmap#2515
            return 'Resource handler returned message: "null" (HandlerErrorCode: AlreadyExists)'
        return ""

    def _take_back(self, stack: _Stack) -> None:
        left = [name for name in list(stack.resources) if not self._delete(stack, name, True)]
        # rule cfn-rollback-protected: DOC AWS CloudFormation user guide, "Stack status codes": what
        # cannot be deleted leaves ROLLBACK_FAILED
        stack.status = "ROLLBACK_FAILED" if left else "ROLLBACK_COMPLETE"

    def _delete(self, stack: _Stack, name: str, created_just_now: bool) -> bool:
        """Delete one, or let it go; whether the stack is rid of it."""
        resource = stack.resources[name]
        # rule cfn-retain: DOC AWS CloudFormation template reference, DeletionPolicy: Retain keeps
        # what a creation that failed had made; RetainExceptOnCreate deletes that, and keeps others
        kept = resource.policy == "Retain" or (
            resource.policy == "RetainExceptOnCreate"
            and (resource.imported or not created_just_now)
        )
        if not kept and resource.protected:
            return False
        del stack.resources[name]
        if not kept:
            self.existing.discard((resource.type, resource.name))
            if resource.type == "AWS::CE::AnomalyMonitor":
                self.monitors.remove("SERVICE")
        return True

    def _stack(self, name: str) -> _Stack:
        if name not in self.stacks:
            raise_client_error("DescribeStacks", "ValidationError", f"{name} does not exist")
        return self.stacks[name]

    # -- the account around it ------------------------------------------------------------------

    def list_open_id_connect_providers(self) -> dict[str, Any]:
        url = "token.actions.githubusercontent.com"
        there = ("AWS::IAM::OIDCProvider", f"https://{url}") in self.existing
        arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url}"
        return {"OpenIDConnectProviderList": [{"Arn": arn}] if there else []}

    def create_service_linked_role(self, AWSServiceName: str) -> None:
        if self.has_service_role:
            # rule iam-service-role-exists: MODEL CreateServiceLinkedRole, InvalidInputException
            raise_client_error(
                "CreateServiceLinkedRole", "InvalidInput", "Service role name has been taken"
            )
        self.has_service_role = True

    def get_anomaly_monitors(self, NextPageToken: str = "0") -> dict[str, Any]:
        """One a page, so that there are pages."""
        at = int(NextPageToken)
        rows = [
            {"MonitorArn": f"arn:monitor/{number}", "MonitorDimension": dimension}
            for number, dimension in enumerate(self.monitors)
        ]
        more = {"NextPageToken": str(at + 1)} if at + 1 < len(rows) else {}
        return {"AnomalyMonitors": rows[at : at + 1], **more}

    def modify_db_instance(self, DBInstanceIdentifier: str, **_: Any) -> None:
        self._unprotect(DBInstanceIdentifier, "DBInstance")

    def modify_load_balancer_attributes(self, LoadBalancerArn: str, **_: Any) -> None:
        self._unprotect(LoadBalancerArn, "LoadBalancer")

    def _unprotect(self, physical: str, kind: str) -> None:
        rows = [row for stack in self.stacks.values() for row in stack.resources.values()]
        found = [row for row in rows if row.physical == physical and row.type.endswith(kind)]
        if not found:
            raise_client_error("Modify", f"{kind}NotFound", "there is none")
        found[0].protected = False

    def create_db_snapshot(self, **_: Any) -> None:
        """It is begun."""

    def describe_db_snapshots(self, **_: Any) -> dict[str, Any]:
        return {"DBSnapshots": [{"Status": "available"}]}

    def describe_services(self, cluster: str, services: list[str]) -> dict[str, Any]:
        if ("AWS::ECS::Cluster", cluster) not in self.existing:
            raise_client_error("DescribeServices", "ClusterNotFoundException", "there is none")
        if not self.service:
            return {"services": []}
        row = {"status": "ACTIVE", "networkConfiguration": {}, **self.service}
        return {"services": [row]}

    def describe_task_definition(self, taskDefinition: str) -> dict[str, Any]:
        container = {"name": "web", "image": f"image-of-{taskDefinition.rpartition(':')[2]}"}
        return {"taskDefinition": {"containerDefinitions": [container]}}

    def describe_rules(self, RuleArns: list[str]) -> dict[str, Any]:
        rows = [row for stack in self.stacks.values() for row in stack.resources.items()]
        groups = [resource.physical for name, resource in rows if name in ("Blue", "Green")]
        weights = [
            {"TargetGroupArn": group, "Weight": weight}
            for group, weight in zip(groups, self.weights, strict=True)
        ]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}
        return {"Rules": [{"RuleArn": arn, "Actions": [action]} for arn in RuleArns]}

    def describe_secret(self, SecretId: str) -> dict[str, Any]:
        return {"Tags": self.tags}

    def tag_resource(self, SecretId: str, Tags: list[dict[str, str]]) -> None:
        self.tags = Tags

    def run_task(self, **_: Any) -> dict[str, Any]:
        return {"tasks": [{"taskArn": "task", "lastStatus": "PENDING"}]}

    def describe_tasks(self, **_: Any) -> dict[str, Any]:
        return {"tasks": [{"lastStatus": "STOPPED", "containers": [{"exitCode": 0}]}]}
