"""Whether target groups and listener rules are as ECS needs them for the strategy.

Source: developer guide, "Application Load Balancer resources for blue/green, linear, and canary
deployments": both target groups have to be on the production rule or on the test rule, else the
deployment is rolled back for invalid networking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from shipway.effects.aws_errors import code_of
from shipway.platforms.ecs.preflight.problem import Problem, unseen
from shipway.platforms.ecs.preflight.subject import Subject

CHECK = "load balancer"
_MISSING = ("TargetGroupNotFound", "RuleNotFound", "ListenerNotFound")


def load_balancer(subject: Subject) -> list[Problem]:
    """Look at what moves traffic."""
    if not subject.service:
        return []
    if not subject.load_balancers:
        return [
            Problem(
                CHECK, f"the service {subject.service_name} has no load balancer",
                f"Nobody could reach the application, nor could it be judged: {subject.apply}.",
            )
        ]  # fmt: skip
    found = _groups(subject)
    for one in subject.load_balancers:
        if subject.two_groups:
            found += _rules(subject, one)
    return found


def _groups(subject: Subject) -> list[Problem]:
    found: list[Problem] = []
    elb = subject.clients.client("elbv2")
    for arn in subject.target_groups():
        name = arn.split("/")[1] if "/" in arn else arn
        group = _described(
            partial(_group, elb, arn),
            f"the target group {name}", found, subject,
        )  # fmt: skip
        if group and group["TargetType"] != "ip":
            found.append(
                Problem(
                    CHECK, f"the target group {name} takes targets of type {group['TargetType']}",
                    f"Tasks on Fargate are targets of type ip: {subject.apply}.",
                )
            )  # fmt: skip
        if group and not subject.two_groups and not group.get("LoadBalancerArns"):
            found.append(
                Problem(
                    CHECK, f"no listener sends requests to the target group {name}",
                    f"Add it to a listener's rule: {subject.apply}.",
                )
            )  # fmt: skip
    return found


def _group(elb: Any, arn: str) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = elb.describe_target_groups(TargetGroupArns=[arn])[
        "TargetGroups"
    ]
    return found


def _rules(subject: Subject, configured: Mapping[str, Any]) -> list[Problem]:
    """Both target groups on the production rule, or on the test rule."""
    extra = configured.get("advancedConfiguration", {})
    missing = [
        key
        for key in ("alternateTargetGroupArn", "productionListenerRule", "roleArn")
        if not extra.get(key)
    ]
    if missing:
        return [
            Problem(
                CHECK, f"{subject.settings.strategy} needs the service's advancedConfiguration."
                f"{missing[0]}",
                f"Add it: {subject.apply}; or deploy with strategy = \"rolling\".",
            )
        ]  # fmt: skip
    both = {configured.get("targetGroupArn"), extra["alternateTargetGroupArn"]}
    found: list[Problem] = []
    rules = [extra["productionListenerRule"], extra.get("testListenerRule")]
    sent = [set(_targets(subject, rule, found)) for rule in rules if rule]
    if not found and not any(both <= one for one in sent):
        found.append(
            Problem(
                CHECK, "neither the production rule nor the test rule has both target groups: "
                "ECS would roll back for invalid networking",
                f"Put both on the production rule, one with weight 0: {subject.apply}.",
            )
        )  # fmt: skip
    return found


def _targets(subject: Subject, arn: str, found: list[Problem]) -> Iterator[str]:
    """The target groups that a rule, or a listener's default, forwards to."""
    elb = subject.clients.client("elbv2")
    if ":listener/" in arn:
        listener = _described(
            lambda: elb.describe_listeners(ListenerArns=[arn])["Listeners"],
            f"the listener {arn}", found, subject,
        )  # fmt: skip
        actions = (listener or {}).get("DefaultActions", ())
    else:
        rule = _described(
            lambda: elb.describe_rules(RuleArns=[arn])["Rules"],
            f"the listener rule {arn}", found, subject,
        )  # fmt: skip
        actions = (rule or {}).get("Actions", ())
    for action in actions:
        if "TargetGroupArn" in action:
            yield action["TargetGroupArn"]
        for one in action.get("ForwardConfig", {}).get("TargetGroups", ()):
            yield one["TargetGroupArn"]


def _described(
    ask: Callable[[], Sequence[Mapping[str, Any]]],
    what: str,
    found: list[Problem],
    subject: Subject,
) -> Mapping[str, Any] | None:
    """The one thing that an answer describes; None, with a problem, where there is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    gone = Problem(CHECK, f"{what} does not exist", f"Make it: {subject.apply}.")
    try:
        rows = ask()
    except (BotoCoreError, ClientError) as error:
        missing = code_of(error).removesuffix("Exception") in _MISSING
        found.append(gone if missing else unseen(CHECK, what, error))
        return None
    if not rows:
        found.append(gone)
        return None
    return rows[0]
