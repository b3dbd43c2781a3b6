"""cfn-lint: CloudFormation templates that AWS would accept."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed, relative
from shipway.checks.scanner import Scanner, unread
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Kind, Severity

# Level → severity, and the bit that it sets in the exit code.
_LEVELS = {
    "Error": (Severity.HIGH, 2), "Warning": (Severity.MEDIUM, 4), "Informational": (Severity.LOW, 8)
}  # fmt: skip
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

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Whatever threshold the project has, every level is told by the exit code."""
        return (
            "--info", "--format", "json", "--non-zero-exit-code", "informational",
            "--", *config.application.templates,
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """The sum of 2: errors, 4: warnings, 8: information; 0: none of them."""
        try:
            found = json.loads(output.stdout)
            reasons = dict(_unread(one, site) for one in found if one["Filename"])
            findings = tuple(_finding(one, site) for one in found if one["Filename"])
            code = sum({_LEVELS[one["Level"]][1] for one in found})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "cfn-lint") from None
        if output.code != code:
            raise crashed(output, "cfn-lint")
        scanned = {relative(path, site.root) for path in _SCANNED.findall(output.stderr)}
        missing = [path for path in config.application.templates if path not in scanned]
        if missing:
            raise unread("cfn-lint", [path + reasons.get(path, "") for path in missing], _MEND)
        return Reading(findings)


def _unread(one: dict[str, Any], site: Site) -> tuple[str, str]:
    """Of a template that could not be parsed this is all that there is: why."""
    return relative(one["Filename"], site.root), f": {one['Message']}"


def _finding(one: dict[str, Any], site: Site) -> Finding:
    rule, level = one["Rule"]["Id"], one["Level"]
    cwe, remedy = _WEAKNESS.get(rule, ("", ""))
    return Finding(
        "cfn-lint", rule, _LEVELS[level][0], relative(one["Filename"], site.root),
        int(one["Location"]["Start"]["LineNumber"]), one["Message"], remedy, Kind.CONFIGURATION,
        score=level, cwe=(cwe,) if cwe else (), link=one["Rule"]["Source"],
    )  # fmt: skip


CFN_LINT = CfnLint(
    "cfn-lint", "CloudFormation templates, by cfn-lint", tools.CFN_LINT,
    (".cfnlintrc", ".cfnlintrc.y*ml"), expected=6.0,
)  # fmt: skip
