"""Whether the application keeps connections longer than the load balancer does.

A server that closes a connection first, while the load balancer sends a request over it, makes
a 502 (Elastic Load Balancing, "Troubleshoot your Application Load Balancers": HTTP 502).
"""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from shipway.platforms.ecs.preflight.network import balancers
from shipway.platforms.ecs.preflight.problem import Kind, Problem, looking
from shipway.platforms.ecs.preflight.subject import Subject

CHECK = "keep-alive"
_IDLE = 60  # seconds; an Application Load Balancer's own default


class Server(NamedTuple):
    """How a server is told. default: seconds that it keeps a connection without being told."""

    option: str
    short: str
    setting: str
    variable: str
    default: float


# gunicorn: docs.gunicorn.org "Settings" (keepalive); uvicorn: uvicorn.org "Settings".
SERVERS = {
    "gunicorn": Server("--keep-alive", "", "keepalive", "GUNICORN_CMD_ARGS", 2),
    "uvicorn": Server("--timeout-keep-alive", "", "", "UVICORN_TIMEOUT_KEEP_ALIVE", 5),
}


def keep_alive(subject: Subject) -> list[Problem]:
    """Compare the server's keep-alive with the longest idle timeout of its load balancers."""
    found: list[Problem] = []
    if not subject.service or not subject.load_balancers:
        return found
    words = _command(subject)
    name = next((name for name in SERVERS if name in map(os.path.basename, words)), "")
    if not name:
        return [
            Problem(
                CHECK, "could not look how long the server keeps connections: it is no "
                + " or ".join(SERVERS),
                "Make sure that it keeps them longer than the load balancer's idle timeout.",
                Kind.COULD_NOT_LOOK,
            )
        ]  # fmt: skip
    idle = None
    with looking(CHECK, "the load balancer's idle timeout", found):
        idle = _idle(subject)
    seconds = keeps(SERVERS[name], words, _environment(subject), _settings_file(subject, words))
    if idle is None:
        return found
    if seconds is None:
        return [
            Problem(
                CHECK, f"could not look how long {name} keeps connections: its settings compute it",
                f"Write a number, above {idle:g}.", Kind.COULD_NOT_LOOK,
            )
        ]  # fmt: skip
    if seconds <= idle:
        return [
            Problem(
                CHECK, f"{name} keeps connections for {seconds:g} s, the load balancer for "
                f"{idle:g} s: users would see 502 now and then",
                f"Set {SERVERS[name].setting or SERVERS[name].option} to {idle + 15:g}.",
            )
        ]  # fmt: skip
    return found


def _command(subject: Subject) -> Sequence[str]:
    """What the container runs: the definition's command, or the application's `serve`."""
    command = [*subject.container.get("entryPoint", ()), *subject.container.get("command", ())]
    return command or shlex.split(subject.application.serve)


def _environment(subject: Subject) -> Mapping[str, str]:
    return {one["name"]: one["value"] for one in subject.container.get("environment", ())}


def keeps(
    server: Server, words: Sequence[str], environment: Mapping[str, str], file: str
) -> float | None:
    """Seconds that a server keeps an idle connection; None where its settings compute it.

    In the order in which servers weigh them: the command, the environment, the settings' file
    (its text), the default.
    """
    told = environment.get(server.variable, "")
    for given in (words, shlex.split(told)):
        if (found := _option(given, server.option)) is not None:
            return found
    if re.fullmatch(r"\d+(\.\d+)?", told):
        return float(told)
    return _assigned(file, server.setting) if server.setting else server.default


def _option(words: Sequence[str], option: str) -> float | None:
    text = "\0".join(words)
    found = re.search(rf"(?:^|\0){option}(?:=|\0)(\d+(?:\.\d+)?)(?:\0|$)", text)
    return float(found[1]) if found else None


def _assigned(text: str, name: str) -> float | None:
    """The number that a Python file assigns to a name at its top; gunicorn's default if none."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return None
    value: float | None = SERVERS["gunicorn"].default
    for node in body:
        names = [one.id for one in getattr(node, "targets", ()) if isinstance(one, ast.Name)]
        if isinstance(node, ast.Assign) and name in names:
            constant = node.value.value if isinstance(node.value, ast.Constant) else None
            value = float(constant) if isinstance(constant, (int, float)) else None
    return value


def _settings_file(subject: Subject, words: Sequence[str]) -> str:
    """The text of gunicorn's settings in the release; "" where it has none.

    gunicorn looks for ./gunicorn.conf.py where -c does not name another.
    """
    name = "gunicorn.conf.py"
    for before, word in pairwise(words):
        if before in ("-c", "--config"):
            name = word
    for word in words:
        if word.startswith("--config="):
            name = word.partition("=")[2]
    root = os.path.realpath(subject.release.path)
    path = os.path.realpath(os.path.join(root, name.removeprefix("file:")))
    if not path.startswith(root + os.sep):  # a release's file, and no other of this machine
        return ""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _idle(subject: Subject) -> float:
    """The longest idle timeout, in seconds. Botocore's errors pass."""
    elb = subject.clients.client("elbv2")
    found = [0.0]
    for one in balancers(subject):
        answer = elb.describe_load_balancer_attributes(LoadBalancerArn=one["LoadBalancerArn"])
        known = {row["Key"]: row["Value"] for row in answer["Attributes"]}
        found.append(float(known.get("idle_timeout.timeout_seconds", _IDLE)))
    return max(found)
