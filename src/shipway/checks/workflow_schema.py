"""check-jsonschema: whether GitHub would understand the workflows at all."""

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

_NAME = "workflow-schema"
_SYNTAX = "https://docs.github.com/actions/reference/workflow-syntax-for-github-actions"
_REMEDY = "GitHub will not run it: compare it with the syntax of workflows."


@dataclass(frozen=True)
class WorkflowSchema(Scanner):
    """`check-jsonschema -o json` with the schema of GitHub's workflows that comes with it."""

    def applies(self, config: Config) -> bool:
        """Where there are workflows."""
        return bool(config.application.workflows)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The workflows."""
        folder = config.application.workflows
        return (f"{folder}/*.yml", f"{folder}/*.yaml")

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Each workflow by its name: it looks into no folder."""
        return (
            "--verbose",
            "--color",
            "never",
            "--output-format",
            "json",
            "--builtin-schema",
            "vendor.github-workflows",
            *workflow_files(config, context),
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: all are valid, 1: some are not, or it did not run, 2: no workflow was named."""
        if output.code == 2 and "INSTANCEFILES" in output.stderr:
            raise nothing_to_scan(_NAME, "no workflow")
        try:
            report = json.loads(output.stdout)
            findings = [_finding(error, context) for error in report["errors"]]
            findings += [_unparsed(error, context) for error in report.get("parse_errors", ())]
            valid = report["checked_paths" if report["status"] == "ok" else "successes"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, _NAME) from None
        if output.code != int(bool(findings)) or not (findings or valid):
            raise tool_crashed(output, _NAME)
        return CheckResult(findings=tuple(findings))


def _finding(error: dict[str, Any], context: CheckContext) -> Finding:
    best = error.get("best_deep_match", error)  # what the closest of several alternatives lacks
    return _fault(
        "invalid-workflow", error["filename"], f"{best['path']}: {best['message']}", context
    )


def _unparsed(error: dict[str, Any], context: CheckContext) -> Finding:
    return _fault("invalid-yaml", error["filename"], "it is not valid YAML", context)


def _fault(rule: str, path: str, message: str, context: CheckContext) -> Finding:
    return Finding(
        tool=_NAME,
        rule=rule,
        severity=Severity.MEDIUM,
        path=relative_path(path, context.root),
        line=0,
        message=message,
        remedy=_REMEDY,
        kind=FindingKind.CONFIGURATION,
        confidence="high",
        link=_SYNTAX,
    )


WORKFLOW_SCHEMA = WorkflowSchema(
    name=_NAME,
    summary="workflows that GitHub understands, by check-jsonschema",
    tool=tools.CHECK_JSONSCHEMA,
    expected=1.5,
)
