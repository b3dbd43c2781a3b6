"""An AWS account for tests: clients of a FakeEcs and what is around it.

Every request and every answer is held to botocore's shapes. What can go wrong on the way is set
here: throttling, credentials that expire, a bucket that is not there.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from shipway.core.ports import Clock
from shipway.effects.aws_errors import code_of
from shipway.effects.aws_retries import Retries
from shipway.platforms.ecs.fake import FakeEcs
from shipway.platforms.ecs.fake_cloudwatch import FakeCloudWatch
from shipway.platforms.ecs.fake_service import ACCOUNT, BALANCER, GROUPS, REGION
from shipway.platforms.ecs.fake_shapes import Operation, checked, refuse


class FakeAccount:
    """Clients (core.ports.RenewableClients). asked: (service, operation, what was given), in
    order. throttled: how many of the next questions are. expires: when credentials stop working;
    renewable: whether a renewal gives new ones."""

    def __init__(self, clock: Clock, cluster: str = "shop-production") -> None:
        self._clock = clock
        self.ecs = FakeEcs(clock, cluster, "web")
        self.cloudwatch = FakeCloudWatch(self.ecs)
        self.logs = FakeLogs()
        self.s3 = FakeS3()
        self._services: dict[str, _Service] = {
            "ecs": self.ecs, "cloudwatch": self.cloudwatch, "logs": self.logs, "s3": self.s3,
            "elbv2": _Balancers(), "sts": _Sts(),
        }  # fmt: skip
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []
        self.throttled = 0
        self.retries = Retries(clock, lambda: 0.5)
        self.expires: float | None = None
        self.renewable = True
        self.denied: set[str] = set()  # operations that the role may not do
        self.region = REGION

    def client(self, service: str) -> Any:
        """The client of a service."""
        return _Client(self, service, self._services[service].operations())

    def renew(self) -> None:
        """Look for credentials anew."""
        if self.renewable:
            self.expires = None

    def perform(self, service: str, operation: str, given: Mapping[str, Any], do: Operation) -> Any:
        """One question."""
        self.asked.append((service, operation, given))
        name = _names(service)[operation]
        if self.expires is not None and self._clock.now() >= self.expires:
            refuse(name, "ExpiredTokenException", "The security token is expired")
        if self.throttled > 0:
            self.throttled -= 1
            refuse(name, "ThrottlingException", "Rate exceeded")
        if operation in self.denied:
            refuse(name, "AccessDeniedException", f"not authorized to perform: {name}")
        self.ecs.settle()
        return checked(service, name, given, lambda: do(given))


class _Service(Protocol):
    def operations(self) -> Mapping[str, Operation]: ...


class _Client:
    def __init__(self, account: FakeAccount, service: str, known: Mapping[str, Operation]) -> None:
        self._account, self._service, self._known = account, service, known

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        do = self._known[operation]
        return lambda **given: self._perform(operation, given, do)

    def _perform(self, operation: str, given: Mapping[str, Any], do: Operation) -> Any:
        """As real clients do: asked again where that helps, so that what they raise is final."""
        retries = self._account.retries
        began, attempts = retries.asked(self._service), 1
        while True:
            try:
                answer = self._account.perform(self._service, operation, given, do)
            except ClientError as error:
                retries.answered(self._service, code_of(error))
                if not retries.again(self._service, code_of(error), attempts, began):
                    raise
                attempts += 1
            else:
                retries.answered(self._service)
                return answer


class FakeLogs:
    """lines: what every log stream says."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def operations(self) -> Mapping[str, Operation]:
        """boto3's name of an operation → what carries it out."""
        return {"get_log_events": self.get_log_events}

    def get_log_events(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The last ones."""
        if not self.lines:
            refuse("GetLogEvents", "ResourceNotFoundException", "There is no such stream.")
        return {"events": [{"message": line} for line in self.lines[-given["limit"] :]]}


class FakeS3:
    """One bucket. missing: it does not exist."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.missing = False

    def operations(self) -> Mapping[str, Operation]:
        """boto3's name of an operation → what carries it out."""
        return {
            "put_object": self.put_object,
            "get_object": self.get_object,
            "list_objects_v2": self.list_objects_v2,
        }

    def put_object(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """With If-None-Match: never over another."""
        self._there("PutObject")
        if given.get("IfNoneMatch") == "*" and given["Key"] in self.objects:
            refuse("PutObject", "PreconditionFailed", "At least one precondition failed")
        self.objects[given["Key"]] = given["Body"]
        return {}

    def get_object(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """One."""
        self._there("GetObject")
        return {"Body": io.BytesIO(self.objects[given["Key"]])}

    def list_objects_v2(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Those below a prefix, two a page so that there are pages."""
        self._there("ListObjectsV2")
        keys = sorted(key for key in self.objects if key.startswith(given["Prefix"]))
        first = int(given.get("ContinuationToken", "0"))
        more = first + 2 < len(keys)
        return {
            "Contents": [{"Key": key} for key in keys[first : first + 2]], "IsTruncated": more,
            **({"NextContinuationToken": str(first + 2)} if more else {}),
        }  # fmt: skip

    def _there(self, operation: str) -> None:
        if self.missing:
            refuse(operation, "NoSuchBucket", "The specified bucket does not exist")


class _Balancers:
    def operations(self) -> Mapping[str, Operation]:
        """boto3's name of an operation → what carries it out."""
        return {
            "describe_target_groups": self.describe_target_groups,
            "describe_load_balancers": self.describe_load_balancers,
            "describe_listeners": self.describe_listeners,
        }

    def describe_target_groups(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Both are behind one load balancer."""
        groups = [one for one in GROUPS if one in given["TargetGroupArns"]]
        return {
            "TargetGroups": [
                {"TargetGroupArn": one, "LoadBalancerArns": [BALANCER]} for one in groups
            ]
        }

    def describe_load_balancers(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """That one."""
        assert given["LoadBalancerArns"] == [BALANCER]
        return {"LoadBalancers": [{"LoadBalancerArn": BALANCER, "DNSName": "shop.elb.example"}]}

    def describe_listeners(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Plain and secure."""
        assert given["LoadBalancerArn"] == BALANCER
        return {"Listeners": [{"Protocol": "HTTP", "Port": 80}, {"Protocol": "HTTPS", "Port": 443}]}


class _Sts:
    def operations(self) -> Mapping[str, Operation]:
        """boto3's name of an operation → what carries it out."""
        return {"get_caller_identity": self.get_caller_identity}

    def get_caller_identity(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The account."""
        assert not given
        return {"Account": ACCOUNT}


@cache
def _names(service: str) -> dict[str, str]:
    """boto3's name of an operation → AWS's."""
    model = Loader().load_service_model(service, "service-2")
    return {xform_name(name): name for name in model["operations"]}
