"""The stack's deploying role and `shipway infra policy` say the same."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest
from tests.infrastructure.levers import GITHUB, HERE, LEVERS, config, parameters
from tests.infrastructure.render import of_type, parse, render

from shipway.aws.names import AwsResourceNames
from shipway.infrastructure.iam_policy import PolicyScope, deploy_policy, trust_policy
from shipway.infrastructure.template import load_template

NAMES = AwsResourceNames("web", "staging")
BUCKET = NAMES.bucket(HERE.number, HERE.region)
STRATEGIES = ("rolling", "blue-green", "linear", "canary")
SECRET = HERE.arn("secretsmanager", f"secret:{NAMES.secret('DATABASE_URL')}-abcdef")
# What the template names by GetAtt.
ARNS = {
    "Cluster": HERE.arn("ecs", f"cluster/{NAMES.cluster}"),
    "ExecutionRole": HERE.role(NAMES.execution_role),
    "TaskRole": HERE.role(NAMES.task_role),
    "TrafficRole": HERE.role(NAMES.traffic_role),
    "Logs": HERE.arn("logs", f"log-group:{NAMES.log_group}:*"),  # as GetAtt Arn has it
}


def role() -> dict[str, Any]:
    setting = {**{name: one[0] for name, one in LEVERS.items()}, "github": GITHUB}
    rendered = render(parse(load_template("environment")), parameters(setting), NAMES.stack)
    return next(
        one
        for one in of_type(rendered, "IAM::Role").values()
        if one["RoleName"] == NAMES.deploy_role
    )


def arn(resource: Any) -> str:
    """A resource of the template, with what only AWS knows put in."""
    if isinstance(resource, str):
        return resource
    if "Fn::GetAtt" in resource:
        return ARNS[resource["Fn::GetAtt"][0]]
    return str(resource["Fn::Sub"]).replace("${Logs.Arn}", ARNS["Logs"])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def granted() -> list[tuple[str, str]]:
    return [
        (action, arn(resource))
        for inline in role()["Policies"]
        for one in inline["PolicyDocument"]["Statement"]
        for action in listed(one["Action"])
        for resource in listed(one["Resource"])
    ]


def wanted(strategy: Any) -> list[tuple[str, str]]:
    here = config().environments["staging"]
    here = replace(
        here,
        strategy=strategy,
        ecs=replace(here.ecs, secrets={"DATABASE_URL": SECRET}, alarms=("errors",)),
    )
    found = deploy_policy(PolicyScope(HERE, NAMES, here, BUCKET))["Statement"]
    return [(action, on) for one in found for action in one["Action"] for on in one["Resource"]]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_role_may_do_all_that_a_deployment_does(strategy: str) -> None:
    have = granted()
    missing = [
        (action, on)
        for action, on in wanted(strategy)
        if not any(action == one and fnmatchcase(on, pattern) for one, pattern in have)
    ]
    assert missing == []


def test_it_may_do_nothing_that_no_deployment_does() -> None:
    asked = {action for strategy in STRATEGIES for action, _ in wanted(strategy)}
    assert {action for action, _ in granted()} - asked == set()


def test_it_trusts_whom_infra_policy_names() -> None:
    (trusted,) = role()["AssumeRolePolicyDocument"]["Statement"]
    (named,) = trust_policy(HERE, GITHUB, "staging")["Statement"]
    for key in ("Effect", "Principal", "Action", "Condition"):
        assert trusted[key] == named[key], key
