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
from tests.fakes.aws_shapes import Operation, checked_shapes, raise_client_error
from tests.fakes.cloudwatch import FakeCloudWatch
from tests.fakes.denying_clients import refuse
from tests.fakes.ecs import FakeEcs
from tests.fakes.ecs_service import ACCOUNT, REGION
from tests.fakes.load_balancer import FakeLoadBalancer

from shipway.aws.errors import error_code
from shipway.aws.retry import Retries
from shipway.infrastructure.iam_policy import iam_actions
from shipway.ports import Clock


class FakeAccount:
    """Clients (core.ports.RenewableClients). asked: (service, operation, what was given), in
    order. throttled: how many of the next questions are. expires: when credentials stop working;
    renewable: whether a renewal gives new ones."""

    def __init__(self, clock: Clock, cluster: str = "shop-production") -> None:
        self._clock = clock
        self.ecs = FakeEcs(clock, cluster, "web")
        self.cloudwatch = FakeCloudWatch(self.ecs)
        self.balancer = FakeLoadBalancer(self.ecs)
        self.logs = FakeLogs()
        self.s3 = FakeS3()
        self._services: dict[str, _Service] = {
            "ecs": self.ecs,
            "cloudwatch": self.cloudwatch,
            "logs": self.logs,
            "s3": self.s3,
            "elbv2": self.balancer,
            "sts": _Sts(),
        }
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []
        self.throttled = 0
        self.retries = Retries(clock, lambda: 0.5)
        self.expires: float | None = None
        self.renewable = True
        self.denied: set[str] = set()  # operations that the role may not do
        self.denied_after: dict[str, str] = {}  # operation → what is denied from then on
        self.lacking: dict[str, str] = {}  # IAM action that the role lacks → on which resource
        self.region = REGION

    def client(self, service: str) -> Any:
        """The client of a service."""
        return _Client(self, service, self._services[service].operations())

    def renew(self) -> None:
        """Look for credentials anew."""
        if self.renewable:
            self.expires = None

    def perform(
        self, service: str, operation: str, parameters: Mapping[str, Any], do: Operation
    ) -> Any:
        """One question."""
        self.asked.append((service, operation, parameters))
        name = _names(service)[operation]
        if self.expires is not None and self._clock.now() >= self.expires:
            raise_client_error(name, "ExpiredTokenException", "The security token is expired")
        if self.throttled > 0:
            self.throttled -= 1
            raise_client_error(name, "ThrottlingException", "Rate exceeded")
        if operation in self.denied_after:
            self.denied.add(self.denied_after[operation])
        if operation in self.denied:
            refuse(service, name, iam_actions(service, name)[0], "*")
        if self.lacking:
            for action in iam_actions(service, name):
                if action in self.lacking:
                    refuse(service, name, action, self.lacking[action])
        self.ecs.settle()
        return checked_shapes(service, name, parameters, lambda: do(parameters))


class _Service(Protocol):
    def operations(self) -> Mapping[str, Operation]: ...


class _Client:
    def __init__(
        self, account: FakeAccount, service: str, operations: Mapping[str, Operation]
    ) -> None:
        self._account, self._service, self._known = account, service, operations

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        do = self._known[operation]
        return lambda **parameters: self._perform(operation, parameters, do)

    def _perform(self, operation: str, given: Mapping[str, Any], do: Operation) -> Any:
        """As real clients do: asked again where that helps, so that what they raise is final."""
        retries = self._account.retries
        began, attempts = retries.asked(self._service), 1
        while True:
            try:
                answer = self._account.perform(self._service, operation, given, do)
            except ClientError as error:
                retries.answered(self._service, error_code(error))
                if not retries.again(self._service, error_code(error), attempts, began):
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

    def get_log_events(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The last ones."""
        if not self.lines:
            raise_client_error(
                "GetLogEvents", "ResourceNotFoundException", "There is no such stream."
            )
        return {"events": [{"message": line} for line in self.lines[-parameters["limit"] :]]}


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
            "head_object": self.head_object,
            "list_objects_v2": self.list_objects_v2,
        }

    def put_object(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """With If-None-Match: never over another."""
        self._there("PutObject")
        if parameters.get("IfNoneMatch") == "*" and parameters["Key"] in self.objects:
            raise_client_error(
                "PutObject", "PreconditionFailed", "At least one precondition failed"
            )
        self.objects[parameters["Key"]] = parameters["Body"]
        return {}

    def get_object(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """One."""
        self._there("GetObject")
        if parameters["Key"] not in self.objects:
            raise_client_error("GetObject", "NoSuchKey", "The specified key does not exist.")
        return {"Body": io.BytesIO(self.objects[parameters["Key"]])}

    def head_object(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Whether there is one: an answer to HEAD has no body that could name the error."""
        self._there("HeadObject")
        if parameters["Key"] not in self.objects:
            raise_client_error("HeadObject", "404", "Not Found")
        return {"ContentLength": len(self.objects[parameters["Key"]])}

    def list_objects_v2(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Those below a prefix, two a page so that there are pages."""
        self._there("ListObjectsV2")
        keys = sorted(key for key in self.objects if key.startswith(parameters["Prefix"]))
        first = int(parameters.get("ContinuationToken", "0"))
        more = first + 2 < len(keys)
        return {
            "Contents": [{"Key": key} for key in keys[first : first + 2]],
            "IsTruncated": more,
            **({"NextContinuationToken": str(first + 2)} if more else {}),
        }

    def _there(self, operation: str) -> None:
        if self.missing:
            raise_client_error(operation, "NoSuchBucket", "The specified bucket does not exist")


class _Sts:
    def operations(self) -> Mapping[str, Operation]:
        """boto3's name of an operation → what carries it out."""
        return {"get_caller_identity": self.get_caller_identity}

    def get_caller_identity(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The account."""
        assert not parameters
        return {"Account": ACCOUNT}


@cache
def _names(service: str) -> dict[str, str]:
    """boto3's name of an operation → AWS's."""
    model = Loader().load_service_model(service, "service-2")
    return {xform_name(name): name for name in model["operations"]}
