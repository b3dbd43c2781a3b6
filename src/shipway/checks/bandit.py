"""bandit: unsafe Python."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed, nothing_to_check, relative
from shipway.checks.scanner import Scanner, unread
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Severity

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

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Findings on standard output."""
        return ("--quiet", "--recursive", "--format", "json", *config.application.packages)

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: clean, 1: findings; its code says nothing of files that it could not read."""
        try:
            report = json.loads(output.stdout)
            findings = tuple(_finding(one, site) for one in report["results"])
            broken = [_unread(one, site) for one in report["errors"]]
            looked_at = report["metrics"].keys() - {"_totals"}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "bandit") from None
        if output.code != int(bool(findings)):
            raise crashed(output, "bandit")
        if broken:
            raise unread("bandit", broken, _MEND)
        if not looked_at:
            raise nothing_to_check("bandit")
        return Reading(findings)


def _unread(one: dict[str, Any], site: Site) -> str:
    return f"{relative(one['filename'], site.root)}: {one['reason']}"


def _finding(one: dict[str, Any], site: Site) -> Finding:
    severity = one["issue_severity"]
    cwe = one["issue_cwe"].get("id")
    return Finding(
        "bandit", one["test_id"],
        Severity.INFO if severity == "UNDEFINED" else Severity[severity],
        relative(one["filename"], site.root), int(one["line_number"]), one["issue_text"],
        _REMEDIES.get(cwe, ""), score=severity, confidence=one["issue_confidence"].lower(),
        cwe=(f"CWE-{cwe}",) if cwe else (), link=one["more_info"],
    )  # fmt: skip


BANDIT = Bandit(
    "bandit", "unsafe Python, by bandit", tools.BANDIT, (".bandit", "**/.bandit"), expected=1.5
)
