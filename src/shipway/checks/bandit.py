"""bandit: unsafe Python."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import (
    Scanner,
    nothing_to_check,
    relative_path,
    tool_crashed,
    unreadable_files,
)
from shipway.config.schema import Config
from shipway.findings.finding import Finding, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

# bandit says what is wrong, rarely what to do. By CWE, which it gives with every finding.
_REMEDIES = {
    20: "Use the loader that builds plain data only, such as yaml.safe_load.",
    22: "Check that the path stays in its folder before it is opened or unpacked.",
    78: "Give the program as a list of words, without a shell; evaluate nothing that comes in.",
    79: "Let the template escape it; mark as safe only what no user wrote.",
    89: "Give values as parameters of the query, never as part of its text.",
    94: "Switch automatic escaping on.",
    259: "Take it from the environment or a secret store, and replace the one that was here.",
    295: "Verify certificates and host keys.",
    319: "Use the protocol's encrypted form.",
    327: "Use SHA-256 or better; for passwords a password hash such as argon2.",
    330: "Where it must not be guessed, take it from `secrets`.",
    377: "Use tempfile.NamedTemporaryFile or tempfile.mkdtemp.",
    400: "Give it a timeout.",
    502: "Read it with a format that is data only, such as JSON.",
    732: "Give no more rights than its owner needs.",
}
_MEND = "Mend it, or see that [application] packages names folders that are there."


@dataclass(frozen=True)
class Bandit(Scanner):
    """`bandit -f json` over the application's packages, with its own `.bandit` if it has one."""

    def applies(self, config: Config) -> bool:
        """Where there is a package."""
        return bool(config.application.packages)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Findings on standard output."""
        return ("--quiet", "--recursive", "--format", "json", *config.application.packages)

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: clean, 1: findings; its code says nothing of files that it could not read."""
        try:
            report = json.loads(output.stdout)
            findings = tuple(_finding(result, context) for result in report["results"])
            broken = [_unread(error, context) for error in report["errors"]]
            looked_at = report["metrics"].keys() - {"_totals"}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "bandit") from None
        if output.code != int(bool(findings)):
            raise tool_crashed(output, "bandit")
        if broken:
            raise unreadable_files("bandit", broken, _MEND)
        if not looked_at:
            raise nothing_to_check("bandit")
        return CheckResult(findings=findings)


def _unread(error: dict[str, Any], context: CheckContext) -> str:
    return f"{relative_path(error['filename'], context.root)}: {error['reason']}"


def _finding(result: dict[str, Any], context: CheckContext) -> Finding:
    severity = result["issue_severity"]
    cwe = result["issue_cwe"].get("id")
    return Finding(
        tool="bandit",
        rule=result["test_id"],
        severity=Severity.INFO if severity == "UNDEFINED" else Severity[severity],
        path=relative_path(result["filename"], context.root),
        line=int(result["line_number"]),
        message=result["issue_text"],
        remedy=_REMEDIES.get(cwe, ""),
        score=severity,
        confidence=result["issue_confidence"].lower(),
        cwe=(f"CWE-{cwe}",) if cwe else (),
        link=result["more_info"],
    )


BANDIT = Bandit(
    name="bandit",
    summary="unsafe Python, by bandit",
    tool=tools.BANDIT,
    configuration=(".bandit", "**/.bandit"),
    expected=1.5,
)
