"""Clients of a role that lacks one IAM action: AWS refuses whatever needs it, in its own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from shipway.infrastructure.iam_policy import iam_actions
from shipway.ports import Clients

WHO = "arn:aws:sts::123456789012:assumed-role/web-production-deploy/run-1"
# How services call it: AWS's JSON protocols, EC2's, and the others.
_CODES = {"ec2": "UnauthorizedOperation"} | dict.fromkeys(
    ("ecs", "ecr", "logs", "secretsmanager", "ssm"), "AccessDeniedException"
)
# Services that name no resource where they refuse.
NAMELESS = ("ec2", "cloudwatch")


def refuse(service: str, operation: str, action: str, resource: str) -> NoReturn:
    """Raises what the service answers."""
    # rule iam-denied: DOC IAM user guide, "Troubleshoot access denied error messages"; LIVE
    # cdklabs/construct-hub#1207, aws/containers-roadmap#1390 (the role that may not be passed)
    on = "" if service in NAMELESS else f" on resource: {resource}"
    code = _CODES.get(service, "AccessDenied")
    message = (
        f"User: {WHO} is not authorized to perform: {action}{on} because no identity-based policy "
        f"allows the {action} action"
    )
    raise ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": 400 if code.endswith("Exception") else 403},
        },
        operation,
    )


class DenyingClients:
    """Passes on all but what needs an action. resource: the ARN that it is refused on."""

    def __init__(self, clients: Clients, action: str, resource: str = "*") -> None:
        self._clients = clients
        self._action = action
        self._resource = resource

    @property
    def region(self) -> str:
        """The region."""
        return self._clients.region

    def client(self, service: str) -> Any:
        """A client that refuses."""
        names = {
            xform_name(name): name
            for name in Loader().load_service_model(service, "service-2")["operations"]
        }
        refused = {
            method: name
            for method, name in names.items()
            if self._action in iam_actions(service, name)
        }
        return _Denying(self._clients.client(service), service, refused, self._refuse)

    def _refuse(self, service: str, operation: str) -> None:
        refuse(service, operation, self._action, self._resource)


class _Denying:
    def __init__(
        self,
        client: Any,
        service: str,
        refused: dict[str, str],
        refuse_call: Callable[[str, str], None],
    ) -> None:
        self._client, self._service = client, service
        self._refused, self._refuse_call = refused, refuse_call

    def __getattr__(self, name: str) -> Any:
        if name in self._refused:
            return lambda *_, **__: self._refuse_call(self._service, self._refused[name])
        if name == "get_paginator":
            return self._paginator
        return getattr(self._client, name)

    def _paginator(self, operation: str) -> Any:
        if operation in self._refused:
            return _RefusedPages(lambda: self._refuse_call(self._service, self._refused[operation]))
        return self._client.get_paginator(operation)


class _RefusedPages:
    """A paginator is refused when its first page is asked for."""

    def __init__(self, refuse_call: Callable[[], None]) -> None:
        self._refuse_call = refuse_call

    def paginate(self, **_: Any) -> Iterator[Any]:
        """Never a page."""
        self._refuse_call()
        yield {}
