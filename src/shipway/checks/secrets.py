"""What checks for secrets have in common. All they know of a secret is a keyed digest."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from shipway.checks.base import Scanner, tool_crashed, unreadable_files
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.findings.secret_place import SecretPlace, place_from
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_REMEDY = (
    "Replace it where it is valid, for it is known; then take it from the environment: name its "
    "variable in an environment's `secrets`. If it is none, end its line with: gitleaks:allow"
)


class Secret(TypedDict):
    """One secret, as the program beside this file reports it. date, commit: in the history only.

    place: where it can be read (findings/secret_place.py), None where that is not known.
    """

    rule: str
    path: str
    line: int
    what: str
    verified: bool
    digest: str
    date: str
    commit: str
    place: dict[str, Any] | None


@dataclass(frozen=True)
class SecretScanner(Scanner):
    """Reads what checks/scripts/find_secrets.py prints."""

    expected: float = 1.5

    def inputs(self, config: Config) -> tuple[str, ...]:
        """A secret may be in any file."""
        return ("**",)

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: clean, 1: findings, 3: refused, anything else: it did not run."""
        try:
            report = json.loads(output.stdout)
            if "refused" in report and output.code == 3:
                raise self._refused(str(report["refused"]), str(report["said"]))
            findings = self._findings(report["secrets"])
            places = _places(report["secrets"])
            looked_at, skipped = int(report["looked_at"]), list(report["unread"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, self.name) from None
        if output.code != int(bool(findings)):
            raise tool_crashed(output, self.name)
        if skipped:
            raise unreadable_files(
                self.name, skipped, "Let yourself read it, or let git ignore it."
            )
        if not looked_at:
            raise self._nothing()
        return CheckResult(findings=findings, secrets=places)

    def _findings(self, secrets: Sequence[Secret]) -> tuple[Finding, ...]:
        return tuple(self._finding(secret) for secret in secrets)

    def _finding(self, secret: Secret) -> Finding:
        rule = str(secret["rule"])
        private = self.is_private_key(rule)
        worst = private or self.is_cloud_key(rule)
        return Finding(
            tool=self.name,
            rule=rule,
            severity=Severity.CRITICAL if worst else Severity.HIGH,
            path=str(secret["path"]),
            line=int(secret["line"]),
            message=str(secret["what"]).split(", ")[0].rstrip("."),
            remedy=_REMEDY,
            kind=FindingKind.SECRET,
            confidence="high" if secret["verified"] else "",
            cwe=("CWE-321",) if private else ("CWE-798",),
            content=str(secret["digest"]),
        )

    def is_private_key(self, rule: str) -> bool:
        """Whether it is a key that signs or decrypts."""
        return False

    def is_cloud_key(self, rule: str) -> bool:
        """Whether whoever has it can rent machines, or delete them."""
        return False

    def _nothing(self) -> CannotRun:
        return CannotRun(
            f"{self.name} found no files",
            f"Look at what git ignores, or switch it off: [checks] {self.name} = false.",
            code="nothing-to-scan",
        )

    def _refused(self, why: str, message: str) -> CannotRun:
        return {
            "no git": CannotRun(
                "git is not here",
                "Install it: it knows which files are the application's.",
                code="tool-missing",
            ),
            "git": CannotRun(
                f"git refused: {message}", "Do what git says, and run again.", code="git-failed"
            ),
            "no repository": CannotRun(
                "there is no git repository here, and so no history",
                f"Make one with git init, or switch it off: [checks] {self.name} = false.",
                code="git-failed",
            ),
            "shallow": CannotRun(
                "this clone is shallow: most of its history is not here",
                "Fetch it: git fetch --unshallow. In GitHub's workflows: fetch-depth: 0.",
                code="git-failed",
            ),
            "key": CannotRun(
                f"the key that tells secrets apart cannot be kept: {message}",
                "Make ~/.config/shipway a folder that you can write to.",
            ),
            "missing": CannotRun("trufflehog is not here", self.tool.how, code="tool-missing"),
            "other": CannotRun(
                f"this trufflehog is not version 3: {message}", self.tool.how, code="tool-missing"
            ),
        }[why]


def _places(secrets: Sequence[Secret]) -> tuple[SecretPlace, ...]:
    """One place for each secret, wherever else it stands."""
    places = {secret["digest"]: place for secret in secrets if (place := secret["place"])}
    return tuple(map(place_from, places.values()))
