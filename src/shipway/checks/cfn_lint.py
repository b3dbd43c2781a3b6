"""cfn-lint: CloudFormation templates that AWS would accept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import Scanner, relative_path, tool_crashed, unreadable_files
from shipway.config.schema import Config
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

# Level → severity, and the bit that it sets in the exit code.
_LEVELS = {
    "Error": (Severity.HIGH, 2),
    "Warning": (Severity.MEDIUM, 4),
    "Informational": (Severity.LOW, 8),
}
_OLD = ("CWE-1104", "Name a version that is still maintained.")
# cfn-lint names no weakness: those of its rules that are about security, with what to do.
_WEAKNESS = {
    "W1011": ("CWE-522", "Take it from Secrets Manager: {{resolve:secretsmanager:…}}."),
    "W2010": ("CWE-200", "Show it neither in Metadata nor in Outputs."),
    "W2501": ("CWE-798", "Take it from Secrets Manager: {{resolve:secretsmanager:…}}."),
    **dict.fromkeys(("E2531", "W2531", "W3690", "W3691"), _OLD),
}
_SCANNED = re.compile(r"Run scan of template (.+)$", re.MULTILINE)
_MEND = "Mend it; a template that is not for cfn-lint does not belong in [application] templates."


@dataclass(frozen=True)
class CfnLint(Scanner):
    """`cfn-lint --format json`, with the project's own `.cfnlintrc` if it has one.

    Its settings may say that what cannot be parsed is no fault, and what is left out is not
    said: only its log, which --info asks for, names the templates that it looked at.
    """

    def applies(self, config: Config) -> bool:
        """Where there are templates."""
        return bool(config.application.templates)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The templates, and what configures cfn-lint."""
        return (*config.application.templates, *self.configuration)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Whatever threshold the project has, every level is told by the exit code."""
        return (
            "--info",
            "--format",
            "json",
            "--non-zero-exit-code",
            "informational",
            "--",
            *config.application.templates,
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """The sum of 2: errors, 4: warnings, 8: information; 0: none of them."""
        try:
            matches = json.loads(output.stdout)
            reasons = dict(_unread(match, context) for match in matches if match["Filename"])
            findings = tuple(_finding(match, context) for match in matches if match["Filename"])
            code = sum({_LEVELS[match["Level"]][1] for match in matches})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "cfn-lint") from None
        if output.code != code:
            raise tool_crashed(output, "cfn-lint")
        scanned = {relative_path(path, context.root) for path in _SCANNED.findall(output.stderr)}
        missing = [path for path in config.application.templates if path not in scanned]
        if missing:
            raise unreadable_files(
                "cfn-lint", [path + reasons.get(path, "") for path in missing], _MEND
            )
        return CheckResult(findings=findings)


def _unread(match: dict[str, Any], context: CheckContext) -> tuple[str, str]:
    """Of a template that could not be parsed this is all that there is: why."""
    return relative_path(match["Filename"], context.root), f": {match['Message']}"


def _finding(match: dict[str, Any], context: CheckContext) -> Finding:
    rule, level = match["Rule"]["Id"], match["Level"]
    cwe, remedy = _WEAKNESS.get(rule, ("", ""))
    return Finding(
        tool="cfn-lint",
        rule=rule,
        severity=_LEVELS[level][0],
        path=relative_path(match["Filename"], context.root),
        line=int(match["Location"]["Start"]["LineNumber"]),
        message=match["Message"],
        remedy=remedy,
        kind=FindingKind.CONFIGURATION,
        score=level,
        cwe=(cwe,) if cwe else (),
        link=match["Rule"]["Source"],
    )


CFN_LINT = CfnLint(
    name="cfn-lint",
    summary="CloudFormation templates, by cfn-lint",
    tool=tools.CFN_LINT,
    configuration=(".cfnlintrc", ".cfnlintrc.y*ml"),
    expected=6.0,
)
