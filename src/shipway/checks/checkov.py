"""checkov: Dockerfiles, workflows and CloudFormation templates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypedDict

from shipway.checks import tools
from shipway.checks.base import (
    Scanner,
    dockerfiles,
    nothing_to_scan,
    rule_topic,
    tool_crashed,
    unreadable_files,
    workflow_files,
)
from shipway.config.schema import Config
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_MEND = (
    "Mend it; or let .checkov.yaml leave nothing out: no skip-path, and no quiet, without which "
    "it does not say what it looked at."
)


class _Check(TypedDict):
    """One check of the report. severity, guideline: where its makers give them."""

    check_id: str
    check_name: str
    severity: str | None
    file_path: str
    file_line_range: list[int]
    resource: str
    guideline: str | None


class _Results(TypedDict, total=False):
    failed_checks: list[_Check]
    passed_checks: list[_Check]
    skipped_checks: list[_Check]
    parsing_errors: list[str]


@dataclass(frozen=True)
class Checkov(Scanner):
    """`checkov -o json` over files by name, with the project's own `.checkov.yaml`.

    What counts is that each file has at least one check that passed, failed or was skipped. It
    ends with 0, and says nothing, of a workflow that its own schema does not know: that is older
    than `queue` and `attestations`. Other checks read those; that it did not is a finding.
    """

    def applies(self, config: Config) -> bool:
        """Where there is any of them."""
        application = config.application
        return bool(dockerfiles(config) or application.workflows or application.templates)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """All of them, and what configures checkov."""
        application = config.application
        folder = (f"{application.workflows}/*",) if application.workflows else ()
        return (*dockerfiles(config), *folder, *application.templates, *self.configuration)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Its own exit code depends on the project's settings: 0 wherever it ran."""
        return (
            "--framework",
            "cloudformation",
            "dockerfile",
            "github_actions",
            "--skip-download",
            "--soft-fail",
            "--compact",
            "--output",
            "json",
            "--file",
            *dockerfiles(config),
            *workflow_files(config, context),
            *config.application.templates,
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: it ran. Its report is a list only where there is more than one kind of file."""
        try:
            document = json.loads(output.stdout)
            reports = document if isinstance(document, list) else [document]
            # Where it found nothing to look at, its report is the summary itself.
            errors = sum(report.get("summary", report)["parsing_errors"] for report in reports)
            results = [report["results"] for report in reports if "summary" in report]
            lost = [path for result in results for path in result.get("parsing_errors", ())]
            checked = {_path(check) for each in results for check in _all(each)}
            findings = tuple(_finding(check) for each in results for check in each["failed_checks"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "checkov") from None
        if output.code != 0:
            raise tool_crashed(output, "checkov")
        passed_over = tuple(path for path in workflow_files(config, context) if path not in checked)
        lost += [path for path in dockerfiles(config) if results and path not in checked]
        if results and not any(result.get("passed_checks") for result in results):
            lost += passed_over  # it does not say what it looked at
        if lost or errors:
            raise unreadable_files("checkov", lost or ["a template"], _MEND)
        if not checked and not passed_over:
            raise nothing_to_scan("checkov", "nothing that it knows")
        findings += tuple(_passed_over(path) for path in passed_over)
        # Its parts run at once, and the first that is ready reports first.
        return CheckResult(
            findings=tuple(
                sorted(findings, key=lambda finding: (finding.path, finding.line, finding.rule))
            )
        )


def _all(results: _Results) -> list[_Check]:
    return [
        *results.get("failed_checks", ()),
        *results.get("passed_checks", ()),
        *results.get("skipped_checks", ()),
    ]


def _path(check: _Check) -> str:
    """Some of its parts give a path from the root, others with a slash before it."""
    return str(check["file_path"]).removeprefix("./").lstrip("/")


def _passed_over(path: str) -> Finding:
    return Finding(
        tool="checkov",
        rule="not-looked-at",
        severity=Severity.INFO,
        path=path,
        line=0,
        message="checkov did not look at this file: its own schema of workflows does not know it",
        remedy="Nothing, where zizmor, workflow-schema and actionlint look at it.",
        kind=FindingKind.CONFIGURATION,
    )


def _finding(check: _Check) -> Finding:
    rated, name = check["severity"], check["check_name"]
    severity, cwe, remedy = rule_topic(name)
    return Finding(
        tool="checkov",
        rule=check["check_id"],
        severity=Severity[rated] if rated else severity,
        path=_path(check),
        line=int(check["file_line_range"][0]),
        message=f"{name}: {check['resource']}",
        remedy=remedy,
        kind=FindingKind.CONFIGURATION,
        score=rated or "",
        cwe=cwe,
        link=check["guideline"] or "",
    )


CHECKOV = Checkov(
    name="checkov",
    summary="Dockerfiles, workflows and templates, by checkov",
    tool=tools.CHECKOV,
    configuration=(".checkov.yaml", ".checkov.yml"),
    expected=7.0,
)
