"""zizmor: unsafe GitHub workflows."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from shipway.checks import tools
from shipway.checks.base import (
    Scanner,
    nothing_to_scan,
    relative_path,
    tool_crashed,
    unreadable_files,
)
from shipway.config.schema import Config
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_SEVERITY = {
    "Informational": Severity.INFO,
    "Low": Severity.LOW,
    "Medium": Severity.MEDIUM,
    "High": Severity.HIGH,
}
_CODE = {
    Severity.INFO: 11,
    Severity.LOW: 12,
    Severity.MEDIUM: 13,
    Severity.HIGH: 14,
}
# zizmor names no weakness: those that its rules are about, with what to do.
_WEAKNESS = {
    "archived-uses": ("CWE-1104", "Use an action that is maintained."),
    "artipacked": ("CWE-522", "Set persist-credentials: false."),
    "bot-conditions": ("CWE-290", "Ask for github.event.pull_request.user.login."),
    "cache-poisoning": ("CWE-349", "Publish from a build that restores no cache."),
    "dangerous-triggers": ("CWE-829", "Use pull_request; or run nothing of the other branch."),
    "excessive-permissions": ("CWE-250", "Set permissions: {}, and give each job what it needs."),
    "github-env": ("CWE-77", "Write nothing to GITHUB_ENV that comes from outside."),
    "hardcoded-container-credentials": ("CWE-798", "Take the password from secrets."),
    "insecure-commands": ("CWE-77", "Remove ACTIONS_ALLOW_UNSECURE_COMMANDS; use GITHUB_ENV."),
    "overprovisioned-secrets": ("CWE-200", "Name each secret that a step needs."),
    "secrets-inherit": ("CWE-200", "Pass each secret that is needed by name."),
    "self-hosted-runner": ("CWE-668", "Let no fork's pull request run on a machine of your own."),
    "template-injection": ("CWE-94", "Give it by env, and use it as a shell variable."),
    "unpinned-images": ("CWE-1357", "Name the image by its digest."),
    "unpinned-tools": ("CWE-1357", "Name the version."),
    "unpinned-uses": ("CWE-1357", "Name the action by its full commit, with its tag in a comment."),
    "unredacted-secrets": ("CWE-532", "Store each value as a secret of its own."),
    "use-trusted-publishing": ("CWE-522", "Let the registry trust the workflow; keep no token."),
}
# Where zizmor names a whole block, or what is affected: what stands in the line to be changed.
_AT = {"insecure-commands": "ACTIONS_ALLOW_UNSECURE_COMMANDS", "secrets-inherit": "secrets:"}
_BROKEN = re.compile(r"^failed to load file://(?:\./)?(.+) as \w+$", re.MULTILINE)
_FATAL = "fatal: no audit was performed\n"


@dataclass(frozen=True)
class Zizmor(Scanner):
    """`zizmor --offline --format json`, with the project's own `zizmor.yml` if it has one.

    Offline it asks nobody which actions have known faults, or whether a commit is a fork's.
    """

    def applies(self, config: Config) -> bool:
        """Where there are workflows."""
        return bool(config.application.workflows)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The workflows, and what configures zizmor."""
        return (f"{config.application.workflows}/**", *self.configuration)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Every workflow; one that it cannot load is an error. Without "./" a folder that is not
        there is taken for a repository of GitHub's."""
        return (
            "--offline",
            "--no-progress",
            "--quiet",
            "--format",
            "json",
            "--strict-collection",
            "--collect=all",
            f"./{config.application.workflows}",
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: clean, 11 to 14: the worst finding's severity, 3: no workflow, 1: no folder too."""
        if output.code == 3 or (output.code == 1 and "invalid input: " in output.stderr):
            raise nothing_to_scan("zizmor", "no workflow")
        broken = _BROKEN.findall(output.stderr)
        if broken:
            raise unreadable_files("zizmor", broken, "Mend it: see the check workflow-schema.")
        try:
            listed = json.loads(output.stdout)
            findings = [_finding(result, context) for result in listed]
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            raise tool_crashed(
                replace(output, stderr=output.stderr.replace(_FATAL, "")), "zizmor"
            ) from None
        expected = _CODE[max(finding.severity for finding in findings)] if findings else 0
        if output.code != expected or not isinstance(listed, list):
            raise tool_crashed(output, "zizmor")
        return CheckResult(findings=tuple(findings))


def _finding(result: dict[str, Any], context: CheckContext) -> Finding:
    location = next(each for each in result["locations"] if each["symbolic"]["kind"] == "Primary")
    path = location["symbolic"]["key"]["Local"]["verbatim_path"]
    judged = result["determinations"]
    cwe, remedy = _WEAKNESS.get(result["ident"], ("", ""))
    fixes = [fix["title"] for fix in result["fixes"]]
    return Finding(
        tool="zizmor",
        rule=result["ident"],
        severity=_SEVERITY[judged["severity"]],
        path=relative_path(path, context.root),
        line=_line(result, location),
        message=f"{result['desc']}: {location['symbolic']['annotation']}",
        remedy=remedy or "; ".join(fixes),
        kind=FindingKind.CONFIGURATION,
        score=judged["severity"],
        confidence=judged["confidence"].lower(),
        cwe=(cwe,) if cwe else (),
        link=result["url"],
    )


def _line(result: dict[str, Any], location: dict[str, Any]) -> int:
    """The line to be changed; else the first line of its own place. zizmor counts from 0."""
    word = _AT.get(result["ident"])
    for each in result["locations"] if word else ():
        concrete = each["concrete"]
        for number, row in enumerate(concrete["feature"].splitlines()):
            if word in row:
                return int(concrete["location"]["start_point"]["row"]) + number + 1
    return int(location["concrete"]["location"]["start_point"]["row"]) + 1


ZIZMOR = Zizmor(
    name="zizmor",
    summary="unsafe GitHub workflows, by zizmor",
    tool=tools.ZIZMOR,
    configuration=(".github/zizmor.y*ml", "zizmor.y*ml"),
    expected=0.7,
)
