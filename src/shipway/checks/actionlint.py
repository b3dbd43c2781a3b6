"""actionlint: workflows that GitHub would start, and that would fail there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import (
    Scanner,
    nothing_to_scan,
    relative_path,
    tool_crashed,
    workflow_files,
)
from shipway.config.schema import Config
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_LINK = "https://github.com/rhysd/actionlint/blob/main/docs/checks.md"
_UNREADABLE = 3  # its exit code where it could not read what it was given


@dataclass(frozen=True)
class Actionlint(Scanner):
    """`actionlint -format '{{json .}}'`; what it would let shellcheck and pyflakes do is left out:
    whether they are there differs from machine to machine."""

    def applies(self, config: Config) -> bool:
        """Where there are workflows."""
        return bool(config.application.workflows)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The workflows, and what configures it."""
        folder = config.application.workflows
        return (f"{folder}/*.yml", f"{folder}/*.yaml", *self.configuration)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Each workflow by its name; the folder, which it cannot read, where there is none: without
        a name it would look for others."""
        files = workflow_files(config, context) or (config.application.workflows,)
        return ("-no-color", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}", *files)

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: clean, 1: findings, 3: it could not read a file."""
        if output.code == _UNREADABLE and "could not read " in output.stderr:
            raise nothing_to_scan("actionlint", "no workflow")
        try:
            report = json.loads(output.stdout)
            findings = tuple(_finding(error, context) for error in report)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "actionlint") from None
        if not isinstance(report, list) or output.code != int(bool(findings)):
            raise tool_crashed(output, "actionlint")
        return CheckResult(findings=findings)


def _finding(error: dict[str, Any], context: CheckContext) -> Finding:
    """In a script of several lines the first one is named: where zizmor names another, theirs are
    two rows, of which zizmor's is the one that is rated."""
    injected = "potentially untrusted" in error["message"]
    return Finding(
        tool="actionlint",
        rule=error["kind"],
        severity=Severity.MEDIUM,
        path=relative_path(error["filepath"], context.root),
        line=int(error["line"]),
        message=error["message"],
        remedy="Give it by env, and use it as a shell variable."
        if injected
        else "GitHub would refuse it, or it would fail there: correct this line.",
        kind=FindingKind.CONFIGURATION,
        confidence="high",
        link=_LINK,
        cwe=("CWE-94",) if injected else (),
    )


ACTIONLINT = Actionlint(
    name="actionlint",
    summary="workflows that would work, by actionlint",
    tool=tools.ACTIONLINT,
    configuration=(".github/actionlint.yaml", ".github/actionlint.yml"),
    expected=0.5,
)
