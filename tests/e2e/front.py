"""What stands between Shipway and MiniStack, and answers what MiniStack does not.

Two ports. On `api` everything is handed on, but
- ECS's ListServiceDeployments, DescribeServiceDeployments and DescribeServiceRevisions, which
  MiniStack answers with nothing: the answer is made from what its DescribeServices says;
- names of load balancers, which nobody can look up here: they become the address of `balancer`.
On `balancer` a request gets the name of the load balancer as its Host, by which MiniStack knows it.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ECS = "AmazonEC2ContainerServiceV20141113."
_NAME = re.compile(rb"[a-z0-9-]+\.[a-z0-9-]+\.elb\.amazonaws\.com")
_STATUS = {"IN_PROGRESS": "IN_PROGRESS", "COMPLETED": "SUCCESSFUL", "FAILED": "ROLLBACK_SUCCESSFUL"}
_DROPPED = ("transfer-encoding", "connection", "content-length", "date", "server")


class Front:
    """port: MiniStack's own. api, balancer: what to speak to instead, as `host:port`."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._name = ""
        self._servers = [self._serve(_Api), self._serve(_Balancer)]
        self.api, self.balancer = (f"127.0.0.1:{one.server_port}" for one in self._servers)

    def _serve(self, kind: type[_Handler]) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (kind,), {"front": self}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    def close(self) -> None:
        """End both."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """What MiniStack says."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _DROPPED]
            return answer.status, kept, answer.read()
        finally:
            connection.close()

    def named(self, text: bytes) -> bytes:
        """With the address of `balancer` for the name of the load balancer."""
        if found := _NAME.search(text):
            self._name = found[0].decode()
        return _NAME.sub(self.balancer.encode(), text)

    def host(self) -> str:
        """The name of the load balancer that was told last."""
        return self._name


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    front: Front

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
        status, kept, data = self.answer(headers, body)
        self.send_response(status)
        for name, value in kept:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _any

    def answer(
        self, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        raise NotImplementedError

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Balancer(_Handler):
    def answer(
        self, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        return self.front.ask(self.command, self.path, {**headers, "Host": self.front.host()}, body)


class _Api(_Handler):
    def answer(
        self, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        operation = self.headers.get("X-Amz-Target", "").removeprefix(_ECS)
        made = _MADE.get(operation)
        if made is not None:
            found = made(_Service(self.front, headers), json.loads(body))
            kind = [("Content-Type", "application/x-amz-json-1.1")]
            return 200, kind, json.dumps(found).encode()
        status, kept, data = self.front.ask(self.command, self.path, headers, body)
        xml = any(name.lower() == "content-type" and "xml" in value for name, value in kept)
        return status, kept, self.front.named(data) if xml else data  # layers of images stay


class _Service:
    """Asks MiniStack for a service's deployments, with the credentials of who asked."""

    def __init__(self, front: Front, headers: dict[str, str]) -> None:
        self._front = front
        self._headers = headers

    def deployments(self, cluster: str, service: str) -> list[dict[str, Any]]:
        """As DescribeServices has them, newest first, each told as a service deployment."""
        body = json.dumps({"cluster": cluster, "services": [service]}).encode()
        headers = {
            **{k: v for k, v in self._headers.items() if k.lower() != "content-length"},
            "X-Amz-Target": f"{_ECS}DescribeServices", "Content-Length": str(len(body)),
        }  # fmt: skip
        _, _, data = self._front.ask("POST", "/", headers, body)
        found = json.loads(data)["services"]
        return [_told(found[0], one) for one in found[0]["deployments"]] if found else []


def _told(service: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    name = f"{service['clusterArn'].rsplit('/', 1)[-1]}/{service['serviceName']}/{one['id']}"
    before = service["serviceArn"].split(":service/")[0]
    return {
        "serviceDeploymentArn": f"{before}:service-deployment/{name}",
        "serviceArn": service["serviceArn"], "clusterArn": service["clusterArn"],
        "createdAt": one["createdAt"], "startedAt": one["createdAt"],
        "updatedAt": one["updatedAt"], "status": _STATUS[one["rolloutState"]],
        "statusReason": one.get("rolloutStateReason", ""),
        "targetServiceRevision": {
            "arn": f"{before}:service-revision/{name}", "runningTaskCount": one["runningCount"],
            "requestedTaskCount": one["desiredCount"], "pendingTaskCount": one["pendingCount"],
        },
        "taskDefinition": one["taskDefinition"], "loadBalancers": service.get("loadBalancers", []),
    }  # fmt: skip


def _list(service: _Service, asked: dict[str, Any]) -> dict[str, Any]:
    wanted = asked.get("status") or list(_STATUS.values())
    found = service.deployments(asked["cluster"], asked["service"])
    return {"serviceDeployments": [_plain(one) for one in found if one["status"] in wanted]}


def _describe(service: _Service, asked: dict[str, Any]) -> dict[str, Any]:
    found = [
        _plain(one)
        for arn in asked["serviceDeploymentArns"]
        for one in service.deployments(*arn.split("/")[-3:-1])
        if one["serviceDeploymentArn"] == arn
    ]
    return {"serviceDeployments": found, "failures": []}


def _revisions(service: _Service, asked: dict[str, Any]) -> dict[str, Any]:
    found = [
        {
            "serviceRevisionArn": arn, "taskDefinition": one["taskDefinition"],
            "loadBalancers": one["loadBalancers"], "createdAt": one["createdAt"],
        }
        for arn in asked["serviceRevisionArns"]
        for one in service.deployments(*arn.split("/")[-3:-1])
        if one["targetServiceRevision"]["arn"] == arn
    ]  # fmt: skip
    return {"serviceRevisions": found, "failures": []}


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in one.items() if k not in ("taskDefinition", "loadBalancers")}


_MADE = {
    "ListServiceDeployments": _list,
    "DescribeServiceDeployments": _describe,
    "DescribeServiceRevisions": _revisions,
}
