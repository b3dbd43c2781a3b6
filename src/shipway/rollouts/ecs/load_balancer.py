"""What is in front of a service: its name, how it is asked, and where its metrics are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipway.config.schema import Environment
from shipway.ports import Clients, Http
from shipway.rollouts.smoke_tests import first_smoke_test_failure

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ServiceRevisionTypeDef, ServiceTypeDef
    from types_boto3_elbv2.type_defs import RuleConditionOutputTypeDef

ALB = "AWS/ApplicationELB"


@dataclass(frozen=True)
class MetricSource:
    """Where metrics of one release are. dimensions: (name, value)."""

    namespace: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Entrance:
    """How a service is asked, whether or not its public name leads here yet.

    origin: the load balancer's own address. name: the public name, which goes with each request as
    `Host` and, over TLS, as the server's name; "" where it is the load balancer's own. test: the
    header by which the listener's test rule leads to the candidate; empty where there is none.
    """

    origin: str
    name: str = ""
    test: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """What people open; "" where there is no load balancer."""
        scheme, separator, _ = self.origin.partition("://")
        return f"{scheme}{separator}{self.name}" if self.name else self.origin

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes with every request."""
        return {"host": self.name} if self.name else {}


class LoadBalancer:
    """The load balancer of a service. Raises AwsApiError and AwsUnreachable.

    calls: clients that raise these (aws/client.py).
    """

    def __init__(self, calls: Clients) -> None:
        self._elb = calls.client("elbv2")
        self._balancers: dict[str, str] = {}

    def entrance(self, service: ServiceTypeDef, host: str = "") -> Entrance:
        """How the service is asked; without origin where it has no load balancer.

        host: the public name that is configured. Without one it is the name that the production
        rule asks for, where that is one name.
        """
        balancers = [row for row in service.get("loadBalancers", []) if row.get("targetGroupArn")]
        arn = self._balancer(balancers[0]["targetGroupArn"]) if balancers else ""
        if not arn:
            return Entrance("")
        answer = self._elb.describe_load_balancers(LoadBalancerArns=[arn])
        name = answer["LoadBalancers"][0]["DNSName"]
        listeners = self._elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        secure = any(listener.get("Protocol") == "HTTPS" for listener in listeners)
        more = balancers[0].get("advancedConfiguration", {})
        production = self._conditions(more.get("productionListenerRule", ""))
        test = self._conditions(more.get("testListenerRule", ""))
        return Entrance(
            f"{'https' if secure else 'http'}://{name}",
            host or _one_host(production),
            _header_of(test),
        )

    def _conditions(self, rule: str) -> list[RuleConditionOutputTypeDef]:
        """A listener rule's; a whole listener (G: for a Network Load Balancer) has none."""
        if ":listener-rule/" not in rule:
            return []
        (found,) = self._elb.describe_rules(RuleArns=[rule])["Rules"]
        return list(found.get("Conditions", []))

    def group_of(self, revision: ServiceRevisionTypeDef) -> str:
        """The target group that serves a revision (DescribeServiceRevisions), "" for none."""
        resolved = (revision.get("resolvedConfiguration") or {}).get("loadBalancers", [])
        groups = [balancer.get("targetGroupArn") for balancer in resolved]
        groups = groups or [
            balancer.get("targetGroupArn") for balancer in revision.get("loadBalancers", [])
        ]
        return next(filter(None, groups), "")

    def source(self, group: str) -> MetricSource | None:
        """Where the load balancer's metrics of a target group are.

        CloudWatch's dimensions are the ends of ARNs (Elastic Load Balancing user guide,
        "CloudWatch metrics for your Application Load Balancer").
        """
        balancer = self._balancer(group)
        if not balancer:
            return None
        name = balancer.split(":loadbalancer/", 1)[-1]
        return MetricSource(
            ALB, (("LoadBalancer", name), ("TargetGroup", group.rsplit(":", 1)[-1]))
        )

    def _balancer(self, group: str) -> str:
        if group not in self._balancers:
            answer = self._elb.describe_target_groups(TargetGroupArns=[group])
            arns = answer["TargetGroups"][0].get("LoadBalancerArns") or [""]
            self._balancers[group] = arns[0]
        return self._balancers[group]


_ANY = re.compile(r"[*?]")  # what stands for others in a rule's values (Elastic Load Balancing)


def _one_host(conditions: Iterable[RuleConditionOutputTypeDef]) -> str:
    """The name that a rule asks for; "" where that is none, several, or a pattern."""
    names = [
        value
        for condition in conditions
        if condition.get("Field") == "host-header"
        for value in condition.get("HostHeaderConfig", {}).get("Values", [])
        or condition.get("Values", [])
    ]
    return names[0] if len(names) == 1 and not _ANY.search(names[0]) else ""


def _header_of(conditions: Iterable[RuleConditionOutputTypeDef]) -> Mapping[str, str]:
    """A header that meets a rule's condition; none where it has no such condition."""
    for condition in conditions:
        header = condition.get("HttpHeaderConfig", {})
        if header.get("HttpHeaderName") and header.get("Values"):
            return {header["HttpHeaderName"]: _ANY.sub("", header["Values"][0]) or "1"}
    return {}


# Smoke tests through the load balancer.


class SmokeTests:
    """entrance: how the service is asked; without origin, nothing is. say: told of every test."""

    def __init__(
        self, settings: Environment, entrance: Entrance, http: Http, say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._entrance = entrance
        self._http = http
        self._say = say

    @property
    def has_test_route(self) -> bool:
        """Whether the candidate can be asked before anybody else gets to it."""
        return bool(self._entrance.origin and (self._entrance.test or self._settings.test_port))

    def production(self) -> str:
        """What is wrong with the first that is not as it should be; "" where all are."""
        return self._ask(self._entrance.origin, {})

    def test(self) -> str:
        """The same of the candidate alone, by the test rule's header or the test listener; ""
        where there is neither."""
        if not self.has_test_route:
            return ""
        if self._entrance.test:
            return self._ask(self._entrance.origin, self._entrance.test)
        url = urlsplit(self._entrance.origin)
        return self._ask(f"{url.scheme}://{url.hostname}:{self._settings.test_port}", {})

    def _ask(self, origin: str, more: Mapping[str, str]) -> str:
        tests = self._settings.smoke if origin else ()
        headers = {**self._entrance.headers, **more}
        return first_smoke_test_failure(tests, origin, headers, self._http, self._say)
