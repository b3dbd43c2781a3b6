"""The one comment that a pull request has of an application, and the status of a deployment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from shipway.core.outcome import Verdict
from shipway.core.receipt import Receipt
from shipway.outputs.clean import one_line

_PAGE = 100  # comments that GitHub gives at once
_PAGES = 20
_DESCRIBED = 140  # characters of a deployment's status
_STATES = {Verdict.PASSED: "success", Verdict.FAILED: "failure", Verdict.ROLLED_BACK: "failure",
           Verdict.UNKNOWN: "in_progress", Verdict.NEEDS_PERSON: "error"}  # fmt: skip


class Api(Protocol):
    """Asks GitHub about a repository. Raises Unreachable."""

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any: ...


def comment(api: Api, number: int, application: str, text: str) -> str:
    """Write the comment, or bring it up to date; its address.

    It is known again by its first line. What a person wrote is never touched, whatever its first
    line says: with the token of a job one writes as a bot.
    """
    mark = _mark(application)
    body = {"body": f"{mark}\n{text}"}
    for one in _comments(api, number):
        by_bot = (one.get("user") or {}).get("type") == "Bot"
        if by_bot and str(one.get("body", "")).startswith(mark):
            done = api.ask("PATCH", f"issues/comments/{int(one['id'])}", body)
            return _address(done)
    return _address(api.ask("POST", f"issues/{number}/comments", body))


def deployment_status(api: Api, commit: str, receipt: Receipt, log: str) -> None:
    """Say how a rollout ended, and where the environment answers.

    The job's `environment:` has made a deployment; where it has not, one is made. log: the
    address of the run.
    """
    where = f"environment={quote(receipt.environment, safe='')}&sha={quote(commit, safe='')}"
    known = api.ask("GET", f"deployments?{where}&per_page=1")
    if isinstance(known, list) and known:
        number = int(known[0]["id"])
    else:
        made = api.ask("POST", "deployments", {
            "ref": commit, "environment": receipt.environment, "auto_merge": False,
            "required_contexts": [], "description": _cut(receipt.release),
        })  # fmt: skip
        number = int(made["id"])
    api.ask("POST", f"deployments/{number}/statuses", {
        "state": _STATES.get(receipt.verdict, "error"), "environment": receipt.environment,
        "environment_url": receipt.address if receipt.address.startswith("http") else "",
        "log_url": log, "description": _cut(f"{receipt.verdict}: {_words(receipt)}"),
        "auto_inactive": receipt.verdict is Verdict.PASSED,
    })  # fmt: skip


def _comments(api: Api, number: int) -> Iterator[dict[str, Any]]:
    for page in range(1, _PAGES + 1):
        found = api.ask("GET", f"issues/{number}/comments?per_page={_PAGE}&page={page}")
        yield from (one for one in found or () if isinstance(one, dict))
        if not found or len(found) < _PAGE:
            return


def _mark(application: str) -> str:
    """A comment in HTML, which nobody sees."""
    return f"<!-- shipway {re.sub(r'[^A-Za-z0-9._]+', '-', application)} -->"


def _address(answer: Any) -> str:
    return str(answer.get("html_url", "")) if isinstance(answer, dict) else ""


def _words(receipt: Receipt) -> str:
    return receipt.cause or f"{receipt.release}, {receipt.failed} of {receipt.requests} failed"


def _cut(text: str) -> str:
    return one_line(text, _DESCRIBED)
