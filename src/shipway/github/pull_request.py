"""The one comment that a pull request has of an application, and the status of a deployment."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import quote

from shipway.findings.finding import Finding, FindingState, Severity
from shipway.pipeline.outcome import Verdict
from shipway.pipeline.result import RunResult
from shipway.reports.run_findings import run_findings
from shipway.reports.sanitize import one_line, plain_text
from shipway.rollouts.report import RolloutReport

# Findings as commands to GitHub's runner, which shows them beside the changed lines.

MOST = 10  # GitHub shows no more of a level for each step of a workflow
_LONGEST = 2000
_COMMANDS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}


def github_annotations(result: RunResult, folder: str = "") -> str:
    """Tests that failed and the worst open findings, one command a line.

    folder: the root as seen from the repository.
    """
    left = dict.fromkeys(_COMMANDS.values(), MOST)
    lines = list(_failed_tests(result, folder))[:MOST]
    left["error"] -= len(lines)
    for entry in run_findings(result):
        command = _COMMANDS[entry.finding.severity]
        if entry.finding.state is FindingState.OPEN and left[command]:
            left[command] -= 1
            lines.append(_line(command, entry.finding, folder))
    return "".join(f"{line}\n" for line in lines)


def _failed_tests(result: RunResult, folder: str) -> Iterator[str]:
    """Those of which the place is known."""
    for step in result.steps:
        for failure in step.tests.failures if step.tests else ():
            if failure.path:
                file = posixpath.normpath(posixpath.join(folder, failure.path))
                title = one_line(f"failed test: {failure.name}", 200)
                about = {"file": file, "line": str(failure.line), "title": title}
                text = plain_text("\n".join((failure.message, *failure.details)))
                yield _annotation("error", about.items(), text)


def _line(command: str, finding: Finding, folder: str) -> str:
    message = plain_text(f"{finding.message}\n{finding.remedy}").strip() or "no message"
    return _annotation(command, _about(finding, folder), message)


def _annotation(command: str, about: Iterable[tuple[str, str]], message: str) -> str:
    properties = ",".join(f"{name}={_property(value)}" for name, value in about)
    return f"::{command} {properties}::{_escaped(message[:_LONGEST].replace('##[', '## ['))}"


def _about(finding: Finding, folder: str) -> Iterator[tuple[str, str]]:
    if finding.path and not finding.path.startswith("/"):
        yield "file", posixpath.normpath(posixpath.join(folder, finding.path))
        if finding.line:
            yield "line", str(finding.line)
    yield (
        "title",
        one_line(f"{finding.severity.name.lower()}: {finding.rule} ({finding.tool})", 200),
    )


def _escaped(text: str) -> str:
    """As the runner undoes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    clean = " ".join(plain_text(text).splitlines()).replace("##[", "## [")
    return _escaped(clean).replace(":", "%3A").replace(",", "%2C")


_PAGE = 100  # comments that GitHub gives at once
_PAGES = 20
_DESCRIBED = 140  # characters of a deployment's status
_STATES = {
    Verdict.PASSED: "success",
    Verdict.FAILED: "failure",
    Verdict.ROLLED_BACK: "failure",
    Verdict.UNKNOWN: "in_progress",
    Verdict.ACTION_REQUIRED: "error",
}


class GitHubRequests(Protocol):
    """Asks GitHub about a repository. Raises Unreachable."""

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any: ...


def update_comment(api: GitHubRequests, number: int, application: str, text: str) -> str:
    """Write the comment, or bring it up to date; its address.

    It is known again by its first line. What a person wrote is never touched, whatever its first
    line says: with the token of a job one writes as a bot.
    """
    mark = _mark(application)
    body = {"body": f"{mark}\n{text}"}
    for existing in _comments(api, number):
        by_bot = (existing.get("user") or {}).get("type") == "Bot"
        if by_bot and str(existing.get("body", "")).startswith(mark):
            done = api.ask("PATCH", f"issues/comments/{int(existing['id'])}", body)
            return _address(done)
    return _address(api.ask("POST", f"issues/{number}/comments", body))


def post_deployment_status(
    api: GitHubRequests, commit: str, receipt: RolloutReport, log: str
) -> None:
    """Say how a rollout ended, and where the environment answers.

    The job's `environment:` has made a deployment; where it has not, one is made. log: the
    address of the run.
    """
    where = f"environment={quote(receipt.environment, safe='')}&sha={quote(commit, safe='')}"
    deployments = api.ask("GET", f"deployments?{where}&per_page=1")
    if isinstance(deployments, list) and deployments:
        number = int(deployments[0]["id"])
    else:
        deployment = api.ask(
            "POST",
            "deployments",
            {
                "ref": commit,
                "environment": receipt.environment,
                "auto_merge": False,
                "required_contexts": [],
                "description": _cut(receipt.release),
            },
        )
        number = int(deployment["id"])
    api.ask(
        "POST",
        f"deployments/{number}/statuses",
        {
            "state": _STATES.get(receipt.verdict, "error"),
            "environment": receipt.environment,
            "environment_url": receipt.address if receipt.address.startswith("http") else "",
            "log_url": log,
            "description": _cut(f"{receipt.verdict}: {_words(receipt)}"),
            "auto_inactive": receipt.verdict is Verdict.PASSED,
        },
    )


def _comments(api: GitHubRequests, number: int) -> Iterator[dict[str, Any]]:
    for page in range(1, _PAGES + 1):
        comments = api.ask("GET", f"issues/{number}/comments?per_page={_PAGE}&page={page}")
        yield from (comment for comment in comments or () if isinstance(comment, dict))
        if not comments or len(comments) < _PAGE:
            return


def _mark(application: str) -> str:
    """A comment in HTML, which nobody sees."""
    return f"<!-- shipway {re.sub(r'[^A-Za-z0-9._]+', '-', application)} -->"


def _address(answer: Any) -> str:
    return str(answer.get("html_url", "")) if isinstance(answer, dict) else ""


def _words(receipt: RolloutReport) -> str:
    return receipt.cause or f"{receipt.release}, {receipt.failed} of {receipt.requests} failed"


def _cut(text: str) -> str:
    return one_line(text, _DESCRIBED)
