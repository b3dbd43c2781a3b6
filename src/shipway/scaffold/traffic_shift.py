"""What a service on ECS lacks for blue-green, linear and canary, and the change that adds it.

Pure: nothing in AWS is changed. Sources: ECS developer guide, "Application Load Balancer resources
for blue/green, linear, and canary deployments" (both target groups on the production rule) and
"Amazon ECS infrastructure IAM role for load balancers"; API references of CreateTargetGroup (names
of 32 characters), CreateRule (priorities up to 50,000) and UpdateService.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shipway.scaffold.from_ecs import RunningService, can_shift_traffic, forwarded_groups

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import ActionOutputTypeDef, RuleTypeDef, TargetGroupTypeDef

_POLICY = "AmazonECSInfrastructureRolePolicyForLoadBalancers"
_LONGEST_NAME = 32  # of a target group
_HIGHEST = 50_000  # priority of a rule
_CARRIED = ("deregistration_delay.timeout_seconds", "slow_start.duration_seconds")


@dataclass(frozen=True)
class TrafficShiftChange:
    """lacking: what is not there, a phrase each; empty where nothing lacks. impossible: why no
    change adds it, "" where one does. template: CloudFormation, of what is new. properties: what
    becomes of the service and its rule where CloudFormation has them. commands: all of it, as the
    AWS command line has it."""

    lacking: tuple[str, ...] = ()
    impossible: str = ""
    template: str = ""
    properties: str = ""
    commands: tuple[str, ...] = ()


def traffic_shift_change(running: RunningService) -> TrafficShiftChange:
    """The change after which the service can have each of the strategies."""
    if can_shift_traffic(running):
        return TrafficShiftChange()
    if reason := _impossible(running):
        return TrafficShiftChange(impossible=reason)
    parts = _Parts(running)
    return TrafficShiftChange(
        tuple(parts.lacking()), "", parts.template(), parts.properties(), tuple(parts.commands())
    )


def _impossible(running: RunningService) -> str:
    groups = running.target_groups
    if not groups:
        return "the service has no target group that could be read"
    if groups[0].get("TargetType") != "ip":
        return f"its target group takes targets of type {groups[0].get('TargetType')}, not ip"
    if not any(row.get("Type", "application") == "application" for row in running.load_balancers):
        return "it is not behind an Application Load Balancer that could be read"
    if not running.rules:
        return "no listener sends requests to its target group"
    return ""


# As ECS calls the parts of a load balancer, and as CloudFormation does.
_PROPERTIES = {
    "targetGroupArn": "TargetGroupArn",
    "loadBalancerName": "LoadBalancerName",
    "containerName": "ContainerName",
    "containerPort": "ContainerPort",
}


class _Parts:
    """The parts of the change: what is there already is used."""

    def __init__(self, running: RunningService) -> None:
        self._running = running
        self._blue: TargetGroupTypeDef = running.target_groups[0]
        self._arn = str(self._blue.get("TargetGroupArn", ""))
        self._prefix = f"{running.cluster}-{running.name}"
        rules = [rule for rule in running.rules if self._arn in forwarded_groups(rule)]
        # An application's own rule comes before the listener's default.
        own = [rule for rule in rules if not rule.get("IsDefault")]
        self._rule: RuleTypeDef = (own or rules or [running.rules[0]])[0]
        others = [arn for arn in forwarded_groups(self._rule) if arn != self._arn]
        self._green = others[0] if others else ""

    def lacking(self) -> Iterator[str]:
        """What is not there."""
        if self._running.controller != "ECS":
            yield f"ECS as its deployment controller (it is {self._running.controller})"
        if not self._green:
            yield "a second target group"
        if self._rule.get("IsDefault"):
            yield "a listener rule of its own (the listener's default action serves it)"
        elif not self._green:
            yield "both target groups on its listener rule"
        yield "a role by which ECS moves the rule's traffic"

    def template(self) -> str:
        """What is new, as CloudFormation."""
        import yaml

        resources: dict[str, object] = {}
        if not self._green:
            resources["GreenTargetGroup"] = {
                "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
                "Properties": self._group_properties(),
            }
        resources["TrafficRole"] = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": _trust(),
                "ManagedPolicyArns": [
                    {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{_POLICY}"}
                ],
            },
        }
        rule: object = self._rule.get("RuleArn", "")
        if self._rule.get("IsDefault"):
            resources["ProductionRule"] = {
                "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
                "Properties": {
                    "ListenerArn": self._listener(),
                    "Priority": self._priority(),
                    "Conditions": [{"Field": "path-pattern", "Values": ["*"]}],
                    "Actions": self._actions(self._green_reference()),
                },
            }
            rule = {"Ref": "ProductionRule"}
        outputs = {
            "AlternateTargetGroup": {"Value": self._green_reference()},
            "ProductionListenerRule": {"Value": rule},
            "TrafficRoleArn": {"Value": {"Fn::GetAtt": ["TrafficRole", "Arn"]}},
        }
        document = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"What {self._prefix} needs for blue-green, linear and canary",
            "Resources": resources,
            "Outputs": outputs,
        }
        return str(yaml.safe_dump(document, sort_keys=False, width=100))

    def _green_reference(self) -> object:
        """A new object each time: YAML would write the second one as an alias."""
        return self._green or {"Ref": "GreenTargetGroup"}

    def properties(self) -> str:
        """What changes of what exists, as properties of its resources."""
        import yaml

        documents: dict[str, object] = {"AWS::ECS::Service": self._service_properties()}
        if not self._green and not self._rule.get("IsDefault"):
            documents["AWS::ElasticLoadBalancingV2::ListenerRule"] = {
                "Actions": self._actions("(the output AlternateTargetGroup)")
            }
        return str(yaml.safe_dump(documents, sort_keys=False, width=100))

    def _service_properties(self) -> dict[str, object]:
        front = self._running.balancers[0]
        made = "(the output ProductionListenerRule)"
        rule = made if self._rule.get("IsDefault") else self._rule.get("RuleArn", "")
        others = [
            {_PROPERTIES[key]: value for key, value in other.items() if key in _PROPERTIES}
            for other in self._running.balancers[1:]
        ]
        properties: dict[str, object] = {
            "LoadBalancers": [
                {
                    "TargetGroupArn": self._arn,
                    "ContainerName": front.get("containerName", ""),
                    "ContainerPort": front.get("containerPort", 0),
                    "AdvancedConfiguration": {
                        "AlternateTargetGroupArn": self._green
                        or "(the output AlternateTargetGroup)",
                        "ProductionListenerRule": rule,
                        "RoleArn": "(the output TrafficRoleArn)",
                    },
                },
                *others,
            ]
        }
        if self._running.controller != "ECS":
            properties["DeploymentController"] = {"Type": "ECS"}
        return properties

    def commands(self) -> Iterator[str]:
        """The whole change, as commands for a POSIX shell."""
        if self._green:
            yield f"GREEN={shlex.quote(self._green)}"
        else:
            options = self._group_options()
            query = "TargetGroups[0].TargetGroupArn"
            yield _assigned("GREEN", "elbv2", "create-target-group", options, query)
            if attributes := self._attributes():
                rows = [f"Key={row['Key']},Value={row['Value']}" for row in attributes]
                carried = ('--target-group-arn "$GREEN"', f"--attributes {shlex.join(rows)}")
                yield _command("elbv2", "modify-target-group-attributes", carried)
        name = f"{self._prefix[:56]}-traffic"
        role = (
            f"--role-name {shlex.quote(name)}",
            f"--assume-role-policy-document {shlex.quote(json.dumps(_trust()))}",
        )
        yield _assigned("ROLE", "iam", "create-role", role, "Role.Arn")
        policy = f"arn:{self._arn.split(':')[1]}:iam::aws:policy/{_POLICY}"
        yield _command("iam", "attach-role-policy", (role[0], f"--policy-arn {policy}"))
        yield from self._rule_commands()
        yield self._update()

    def _rule_commands(self) -> Iterator[str]:
        actions = _in_shell(self._actions("@GREEN"))
        if self._rule.get("IsDefault"):
            options = (
                f"--listener-arn {shlex.quote(self._listener())}",
                f"--priority {self._priority()}",
                "--conditions Field=path-pattern,Values='*'",
                f"--actions {actions}",
            )
            yield _assigned("RULE", "elbv2", "create-rule", options, "Rules[0].RuleArn")
            return
        yield f"RULE={shlex.quote(str(self._rule.get('RuleArn', '')))}"
        if not self._green:
            yield _command("elbv2", "modify-rule", ('--rule-arn "$RULE"', f"--actions {actions}"))

    def _update(self) -> str:
        front = self._running.balancers[0]
        balancer = {
            "targetGroupArn": self._arn,
            "containerName": front.get("containerName", ""),
            "containerPort": front.get("containerPort", 0),
            "advancedConfiguration": {
                "alternateTargetGroupArn": "@GREEN",
                "productionListenerRule": "@RULE",
                "roleArn": "@ROLE",
            },
        }
        others = list(self._running.balancers[1:])
        text = _in_shell([balancer, *others])
        controller = ("--deployment-controller type=ECS",)
        return _command(
            "ecs",
            "update-service",
            (
                f"--cluster {shlex.quote(self._running.cluster)}",
                f"--service {shlex.quote(self._running.name)}",
                *(controller if self._running.controller != "ECS" else ()),
                f"--load-balancers {text}",
            ),
        )

    def _actions(self, green: object) -> list[object]:
        """The rule's actions with both target groups; what comes before (a login) stays."""
        before: Sequence[ActionOutputTypeDef] = self._rule.get("Actions", ())
        kept = [action for action in before if action.get("Type") != "forward"]
        forward = {
            "Type": "forward",
            "Order": len(kept) + 1,
            "ForwardConfig": {
                "TargetGroups": [
                    {"TargetGroupArn": self._arn, "Weight": 1},
                    {"TargetGroupArn": green, "Weight": 0},
                ]
            },
        }
        return [*kept, forward]

    def _listener(self) -> str:
        """The listener of a default rule: a rule's ARN begins as its listener's."""
        head, _, rest = str(self._rule.get("RuleArn", "")).partition(":listener-rule/")
        return f"{head}:listener/{rest.rpartition('/')[0]}"

    def _priority(self) -> int:
        """Behind all that there are: what they choose stays theirs."""
        return min(_HIGHEST, max(self._running.priorities, default=0) + 1)

    def _name(self) -> str:
        name = "".join(letter if letter.isalnum() else "-" for letter in self._prefix)
        return f"{name[: _LONGEST_NAME - len('-green')].strip('-')}-green"

    def _attributes(self) -> list[dict[str, str]]:
        """What the first target group has that a new one would not."""
        return [
            {"Key": str(row.get("Key")), "Value": str(row.get("Value"))}
            for row in self._running.attributes
            if row.get("Key") in _CARRIED
        ]

    def _group_properties(self) -> dict[str, object]:
        blue = self._blue
        properties: dict[str, object] = {
            "Name": self._name(),
            "TargetType": "ip",
            "VpcId": blue.get("VpcId", ""),
            "Protocol": blue.get("Protocol", "HTTP"),
            "Port": blue.get("Port", 80),
            "ProtocolVersion": blue.get("ProtocolVersion", "HTTP1"),
            "HealthCheckProtocol": blue.get("HealthCheckProtocol", "HTTP"),
            "HealthCheckPort": blue.get("HealthCheckPort", "traffic-port"),
            "HealthCheckPath": blue.get("HealthCheckPath", "/"),
            "HealthCheckIntervalSeconds": blue.get("HealthCheckIntervalSeconds", 30),
            "HealthCheckTimeoutSeconds": blue.get("HealthCheckTimeoutSeconds", 5),
            "HealthyThresholdCount": blue.get("HealthyThresholdCount", 5),
            "UnhealthyThresholdCount": blue.get("UnhealthyThresholdCount", 2),
            "Matcher": dict(blue.get("Matcher", {"HttpCode": "200"})),
        }
        if attributes := self._attributes():
            properties["TargetGroupAttributes"] = attributes
        return properties

    def _group_options(self) -> tuple[str, ...]:
        properties = self._group_properties()
        properties.pop("TargetGroupAttributes", None)
        matcher = self._blue.get("Matcher", {"HttpCode": "200"})
        properties["Matcher"] = ",".join(f"{key}={value}" for key, value in matcher.items())
        return tuple(
            f"--{_dashed(key)} {shlex.quote(str(value))}" for key, value in properties.items()
        )


def _trust() -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }


def _in_shell(value: object) -> str:
    """JSON as one word of a POSIX shell, in which `@NAME` is a variable's value: what is made
    before is known by no other name. No name in AWS begins so."""
    text = shlex.quote(json.dumps(value))
    return re.sub('"@([A-Z]+)"', lambda match: f'"\'"${match[1]}"\'"', text)


def _dashed(name: str) -> str:
    """`HealthCheckPath` as the command line has it: `health-check-path`."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]


def _command(service: str, operation: str, options: Sequence[str]) -> str:
    return " \\\n  ".join((f"aws {service} {operation}", *options))


def _assigned(
    variable: str, service: str, operation: str, options: Sequence[str], query: str
) -> str:
    output = f"--query {shlex.quote(query)} --output text"
    return f"{variable}=$({_command(service, operation, (*options, output))})"
