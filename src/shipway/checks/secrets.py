"""What checks for secrets have in common. All they know of a secret is a keyed digest."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shipway.checks.base import crashed
from shipway.checks.scanner import Scanner, unread
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.finding import Finding, Kind, Severity

_REMEDY = (
    "Replace it where it is valid, for it is known; then take it from the environment: name its "
    "variable in an environment's `secrets`. If it is none, end its line with: gitleaks:allow"
)


@dataclass(frozen=True)
class SecretScanner(Scanner):
    """Reads what checks/inside/find_secrets.py prints."""

    expected: float = 1.5

    def inputs(self, config: Config) -> tuple[str, ...]:
        """A secret may be in any file."""
        return ("**",)

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: clean, 1: findings, 3: refused, anything else: it did not run."""
        try:
            report = json.loads(output.stdout)
            if "refused" in report and output.code == 3:
                raise self._refused(str(report["refused"]), str(report["said"]))
            found = self._findings(report["secrets"])
            looked_at, skipped = int(report["looked_at"]), list(report["unread"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, self.name) from None
        if output.code != int(bool(found)):
            raise crashed(output, self.name)
        if skipped:
            raise unread(self.name, skipped, "Let yourself read it, or let git ignore it.")
        if not looked_at:
            raise self._nothing()
        return Reading(found)

    def _findings(self, found: list[dict[str, Any]]) -> tuple[Finding, ...]:
        return tuple(self._finding(one) for one in found)

    def _finding(self, one: dict[str, Any]) -> Finding:
        rule = str(one["rule"])
        private = self.is_private_key(rule)
        worst = private or self.is_cloud_key(rule)
        return Finding(
            self.name, rule, Severity.CRITICAL if worst else Severity.HIGH,
            str(one["path"]), int(one["line"]), str(one["what"]).split(", ")[0].rstrip("."),
            remedy=_REMEDY, kind=Kind.SECRET, confidence="high" if one["verified"] else "",
            cwe=("CWE-321",) if private else ("CWE-798",), content=str(one["digest"]),
        )  # fmt: skip

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
        )

    def _refused(self, why: str, said: str) -> CannotRun:
        return {
            "no git": CannotRun(
                "git is not here", "Install it: it knows which files are the application's."
            ),
            "git": CannotRun(f"git refused: {said}", "Do what git says, and run again."),
            "no repository": CannotRun(
                "there is no git repository here, and so no history",
                f"Make one with git init, or switch it off: [checks] {self.name} = false.",
            ),
            "shallow": CannotRun(
                "this clone is shallow: most of its history is not here",
                "Fetch it: git fetch --unshallow. In GitHub's workflows: fetch-depth: 0.",
            ),
            "key": CannotRun(
                f"the key that tells secrets apart cannot be kept: {said}",
                "Make ~/.config/shipway a folder that you can write to.",
            ),
            "missing": CannotRun("trufflehog is not here", self.tool.how),
            "other": CannotRun(f"this trufflehog is not version 3: {said}", self.tool.how),
        }[why]
