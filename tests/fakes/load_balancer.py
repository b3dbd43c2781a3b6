"""An Application Load Balancer for tests: what it tells of itself, and how it answers people.

Each rule has a name and its source; docs/assumptions.md lists them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.aws_shapes import Operation
from tests.fakes.ecs_service import BALANCER, GROUPS, RULE, TEST_RULE, FakeService

from shipway.aws.names import TEST_HEADER
from shipway.errors import Unreachable
from shipway.ports import Response

DNS = "shop-123.af-south-1.elb.amazonaws.com"


class FakeLoadBalancer:
    """host: the name that the rules ask for, "" for any. certificate: the name that its
    certificate is for; "" for HTTP only. statuses: release → what its tasks answer, 200 where it
    is not named. asked: (release, whether it was the test rule), in order."""

    def __init__(self, ecs: FakeService, host: str = "", certificate: str = "") -> None:
        self._ecs = ecs
        self.host, self.certificate = host, certificate
        self.statuses: dict[str, int] = {}
        self.asked: list[tuple[str, bool]] = []

    def operations(self) -> Mapping[str, Operation]:
        """boto3's name of an operation → what carries it out."""
        return {
            "describe_target_groups": self.describe_target_groups,
            "describe_load_balancers": self.describe_load_balancers,
            "describe_listeners": self.describe_listeners,
            "describe_rules": self.describe_rules,
        }

    def describe_target_groups(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Both are behind one load balancer."""
        groups = [group for group in GROUPS if group in parameters["TargetGroupArns"]]
        return {
            "TargetGroups": [
                {"TargetGroupArn": group, "LoadBalancerArns": [BALANCER]} for group in groups
            ]
        }

    def describe_load_balancers(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """That one."""
        assert parameters["LoadBalancerArns"] == [BALANCER]
        return {"LoadBalancers": [{"LoadBalancerArn": BALANCER, "DNSName": DNS}]}

    def describe_listeners(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Plain, and secure where there is a certificate."""
        assert parameters["LoadBalancerArn"] == BALANCER
        secure = [{"Protocol": "HTTPS", "Port": 443}] if self.certificate else []
        return {"Listeners": [{"Protocol": "HTTP", "Port": 80}, *secure]}

    def describe_rules(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The two rules of the service, as the stack makes them."""
        field = {"Field": "host-header", "HostHeaderConfig": {"Values": [self.host]}}
        named = [field] if self.host else []
        header = {"HttpHeaderName": TEST_HEADER, "Values": ["*"]}
        conditions = {
            RULE: named or [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
            TEST_RULE: [{"Field": "http-header", "HttpHeaderConfig": header}, *named],
        }
        return {
            "Rules": [
                {"RuleArn": arn, "Conditions": conditions[arn]} for arn in parameters["RuleArns"]
            ]
        }

    def get(
        self, url: str, *, timeout: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> Response:
        """As somebody who opens an address is answered (shipway.ports.Http)."""
        given = {name.lower(): value for name, value in (headers or {}).items()}
        address = urlsplit(url)
        if address.hostname != DNS:
            raise Unreachable(f"{url}: no such name", "")
        name = given.get("host", DNS)
        if address.scheme == "https" and name != self.certificate:
            # rule alb-certificate: DOC Elastic Load Balancing user guide, "Create an HTTPS
            # listener": the certificate is for the names in it, never for the load balancer's own
            raise Unreachable(f"{url}: certificate verify failed: Hostname mismatch", "")
        if self.host and name != self.host:
            # rule alb-default: DOC Elastic Load Balancing user guide, "Listener rules": what no
            # rule's conditions are met by gets the default action; in the stacks that is 404
            return Response(404, {}, b"nobody here by that name")
        candidate = TEST_HEADER.lower() in given and self._ecs.has_test_rule
        release = self._serving(candidate=candidate)
        self.asked.append((release, candidate))
        if not release:
            # rule alb-no-target: DOC Elastic Load Balancing user guide, "Troubleshoot", HTTP 503:
            # the target groups have no registered targets
            return Response(503, {}, b"")
        return Response(self.statuses.get(release, 200), {}, release.encode())

    def _serving(self, *, candidate: bool) -> str:
        """The release that answers: by the test rule the new one, else who has most of the
        traffic; "" where that has no tasks."""
        self._ecs.settle()
        going = self._ecs.going()
        if candidate and going is not None:
            return self._ecs.release_of(going.target)
        now = self._ecs.clock.now()
        weights = self._ecs.weights(now)
        if not self._ecs.running() and going is None:
            return ""
        return self._ecs.release_of(max(weights, key=lambda revision: weights[revision]))
