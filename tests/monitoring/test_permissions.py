"""MonitorRole may do exactly what `monitor plan` and `monitor apply` ask for."""

from __future__ import annotations

import json
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from botocore import xform_name
from tests.infrastructure.levers import GITHUB, HERE, parameters
from tests.infrastructure.levers import LEVERS as STACK_LEVERS
from tests.infrastructure.render import of_type, parse, render
from tests.monitoring.account import REGION, account
from tests.monitoring.environments import FULL, LEVERS, of_kind, rendered

from shipway.aws.names import AwsResourceNames
from shipway.cli.monitor import MonitoringContext, apply_monitoring, plan_monitoring
from shipway.config.aws import Monitoring
from shipway.config.schema import Application, Config, Environment
from shipway.infrastructure.parameters import stack_tags
from shipway.infrastructure.template import load_template

SMALLEST = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
TAGS = ("ListTagsForResource", "TagResource", "UntagResource")
# type → service → what CloudFormation calls to make, read, change and delete it as it is here. From
# the handlers of each type's schema in CloudFormation's registry, without what no setting uses.
HANDLERS: dict[str, dict[str, tuple[str, ...]]] = {
    "CloudWatch::Alarm": {
        "cloudwatch": ("PutMetricAlarm", "DescribeAlarms", "DeleteAlarms", *TAGS)
    },
    "CloudWatch::CompositeAlarm": {
        "cloudwatch": ("PutCompositeAlarm", "DescribeAlarms", "DeleteAlarms", *TAGS)
    },
    "CloudWatch::Dashboard": {"cloudwatch": ("PutDashboard", "GetDashboard", "DeleteDashboards")},
    "SNS::Topic": {
        "sns": (
            "CreateTopic",
            "GetTopicAttributes",
            "SetTopicAttributes",
            "DeleteTopic",
            "ListSubscriptionsByTopic",
            "GetDataProtectionPolicy",
            *TAGS,
        )
    },
    "SNS::TopicPolicy": {"sns": ("GetTopicAttributes", "SetTopicAttributes")},
    "SNS::Subscription": {
        "sns": (
            "Subscribe",
            "Unsubscribe",
            "ListSubscriptionsByTopic",
            "GetSubscriptionAttributes",
            "SetSubscriptionAttributes",
        )
    },
    "KMS::Key": {
        "kms": (
            "CreateKey",
            "DescribeKey",
            "EnableKeyRotation",
            "GetKeyPolicy",
            "GetKeyRotationStatus",
            "ListResourceTags",
            "PutKeyPolicy",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateKeyDescription",
        )
    },
    "Events::Rule": {
        "events": (
            "PutRule",
            "DescribeRule",
            "DeleteRule",
            "PutTargets",
            "RemoveTargets",
            "ListTargetsByRule",
            *TAGS,
        )
    },
    "Logs::LogGroup": {
        "logs": (
            "CreateLogGroup",
            "DescribeLogGroups",
            "PutRetentionPolicy",
            "DeleteLogGroup",
            "GetDataProtectionPolicy",
            *TAGS,
        )
    },
    "Logs::MetricFilter": {
        "logs": ("PutMetricFilter", "DescribeMetricFilters", "DeleteMetricFilter")
    },
    "Logs::ResourcePolicy": {
        "logs": ("PutResourcePolicy", "DescribeResourcePolicies", "DeleteResourcePolicy")
    },
    "Logs::QueryDefinition": {
        "logs": ("PutQueryDefinition", "DescribeQueryDefinitions", "DeleteQueryDefinition")
    },
    "Chatbot::SlackChannelConfiguration": {
        "chatbot": (
            "CreateSlackChannelConfiguration",
            "DescribeSlackChannelConfigurations",
            "UpdateSlackChannelConfiguration",
            "DeleteSlackChannelConfiguration",
            *TAGS,
        ),
        "iam": ("PassRole",),
    },
}


class Recording:
    """Clients that note every operation before it is sent."""

    def __init__(self) -> None:
        self.sent: set[str] = set()

    region = REGION

    def client(self, service: str) -> Any:
        client = boto3.client(service, REGION)
        prefix = {"elbv2": "elasticloadbalancing"}.get(service, service)
        client.meta.events.register(
            "before-call", lambda model, **_: self.sent.add(f"{prefix}:{model.name}")
        )
        return client


def role(environment: str = "staging") -> dict[str, Any]:
    setting = {**{name: one[0] for name, one in STACK_LEVERS.items()}, "github": GITHUB}
    given = {**parameters(setting), "Prefix": f"web-{environment}", "Environment": environment}
    return of_type(render(parse(load_template("environment")), given), "IAM::Role")["MonitorRole"]


def statements(effect: str = "Allow") -> list[dict[str, Any]]:
    (policy,) = role("production")["Policies"]
    return [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == effect]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted() -> set[str]:
    return {action for one in statements() for action in listed(one["Action"])}


def direct(settings: Monitoring) -> set[str]:
    """What Shipway itself calls: plan, apply, and how a failed stack is settled."""
    config = Config(
        application=Application(name="web"),
        environments={"production": Environment(platform="ecs", monitoring=settings)},
    )
    clients = Recording()
    with account():
        site = MonitoringContext(config, "production", clients, every=0.1, template=SMALLEST)
        site.__dict__["parameters"] = {}
        assert MonitoringContext(config, "production", clients).parameters  # really asked for
        plan_monitoring(site, json=True)
        apply_monitoring(site, json=True)
        with suppress(Exception):  # moto knows no such operation: that it is asked is enough
            site.stack.go_on_rolling_back(print)
        tagged = stack_tags(config, "production")
    assert tagged  # CreateChangeSet with tags needs TagResource besides
    return clients.sent | {"cloudformation:TagResource"}


def handled() -> set[str]:
    return {
        f"{service}:{name}"
        for handlers in HANDLERS.values()
        for service, names in handlers.items()
        for name in names
    }


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def test_it_may_do_what_planning_and_applying_asks_and_nothing_else() -> None:
    assert granted() == direct(FULL) | handled()


def test_every_type_of_the_monitoring_stack_is_known_whatever_the_levers() -> None:
    types = {
        one["Type"].removeprefix("AWS::")
        for settings, database in LEVERS.values()
        for one in rendered(settings, database=database)["Resources"].values()
    }
    assert types == set(HANDLERS)


@pytest.mark.parametrize(
    ("kind", "key", "action", "arn"),
    [
        (
            "CloudWatch::Alarm",
            "AlarmName",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:{}:{}:alarm:{}",
        ),
        ("SNS::Topic", "TopicName", "sns:CreateTopic", "sns:{}:{}:{}"),
        ("Events::Rule", "Name", "events:PutRule", "events:{}:{}:rule/{}"),
        ("Logs::LogGroup", "LogGroupName", "logs:CreateLogGroup", "logs:{}:{}:log-group:{}"),
    ],
)
def test_what_has_a_name_is_within_its_reach_and_anothers_is_not(
    kind: str, key: str, action: str, arn: str
) -> None:
    patterns = [
        on
        for one in statements()
        if action in listed(one["Action"])
        for on in listed(one["Resource"])
    ]

    def may(name: str) -> bool:
        full = "arn:aws:" + arn.format(HERE.region, HERE.number, name)
        return any(fnmatchcase(full, pattern) for pattern in patterns)

    names = {one[key] for one in of_kind(rendered(FULL), kind).values()}
    assert names
    assert all(may(name) for name in names)
    assert not any(may(name.replace("web-production", "web-staging")) for name in names)


def test_it_changes_its_own_stack_and_no_other() -> None:
    (own,) = [one for one in statements() if one["Sid"] == "Stack"]
    stack = AwsResourceNames("web", "production").monitoring_stack
    assert own["Resource"] == HERE.arn("cloudformation", f"stack/{stack}/*")


def test_all_else_goes_through_cloudformation_only() -> None:
    (deny,) = statements("Deny")
    assert deny["Condition"] == {
        "ForAllValues:StringNotEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}
    }
    outside = {
        action
        for action in granted()
        if any(fnmatchcase(action, pattern) for pattern in deny["NotAction"])
    }
    assert outside == direct(FULL) | {"iam:PassRole"}


def test_it_makes_no_role_and_passes_on_one_only() -> None:
    assert {one for one in granted() if one.startswith("iam:")} == {"iam:PassRole"}
    (passing,) = [one for one in statements() if one["Action"] == "iam:PassRole"]
    assert passing["Resource"] == {"Fn::GetAtt": ["SlackRole", "Arn"]}


def test_it_trusts_the_same_workflow_as_the_role_that_deploys() -> None:
    setting = {**{name: one[0] for name, one in STACK_LEVERS.items()}, "github": GITHUB}
    made = of_type(render(parse(load_template("environment")), parameters(setting)), "IAM::Role")
    trusts = [made[name]["AssumeRolePolicyDocument"] for name in ("MonitorRole", "DeployRole")]
    assert trusts[0] == trusts[1]
    assert made["MonitorRole"]["RoleName"] == AwsResourceNames("web", "staging").monitor_role
    assert made["SlackRole"]["RoleName"] == AwsResourceNames("web", "staging").slack_role


def test_boto3_knows_every_operation_that_is_granted() -> None:
    for action in granted() - {"iam:PassRole", "cloudformation:TagResource"}:
        prefix, _, name = action.partition(":")
        service = {"elasticloadbalancing": "elbv2"}.get(prefix, prefix)
        assert hasattr(boto3.client(service, REGION), xform_name(name)), action
