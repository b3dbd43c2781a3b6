"""gitleaks: secrets in the working tree, and secrets in the history."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from shipway.checks import tools
from shipway.checks.scripts import HERE
from shipway.checks.secrets import Secret, SecretScanner
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding
from shipway.pipeline.check import CheckContext

_PRIVATE = re.compile(r"private-key|age-secret-key|pkcs12-file")
_CLOUD = re.compile(
    r"(alibaba|aws|azure|cloudflare|digitalocean|flyio|gcp|heroku|scalingo|yandex)-"
)


@dataclass(frozen=True)
class Gitleaks(SecretScanner):
    """`gitleaks dir`, over the files that git does not ignore."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Our own program within gitleaks's environment: it keeps the secrets to itself."""
        return (f"{HERE}/find_secrets.py", self.name, context.root)

    def is_private_key(self, rule: str) -> bool:
        """By the names of gitleaks's own rules."""
        return bool(_PRIVATE.fullmatch(rule))

    def is_cloud_key(self, rule: str) -> bool:
        """By the names of gitleaks's own rules."""
        return bool(_CLOUD.match(rule))


@dataclass(frozen=True)
class GitleaksHistory(Gitleaks):
    """`gitleaks git`, over all commits that HEAD reaches."""

    def inputs(self, config: Config) -> tuple[str, ...]:
        """No file of the working tree but its settings: the history."""
        return ("git:history", ".gitleaks.toml", ".gitleaksignore")

    def _findings(self, secrets: Sequence[Secret]) -> tuple[Finding, ...]:
        """One for each secret and path: the oldest, with how many commits brought it."""
        groups: dict[tuple[str, ...], list[Secret]] = {}
        for secret in sorted(
            secrets, key=lambda secret: (str(secret["date"]), str(secret["commit"]))
        ):
            identity = str(secret["digest"]) or str(secret["line"])
            groups.setdefault((str(secret["rule"]), str(secret["path"]), identity), []).append(
                secret
            )
        return tuple(self._in_commit(group) for group in groups.values())

    def _in_commit(self, group: Sequence[Secret]) -> Finding:
        finding = self._finding(group[0])
        commits = list(dict.fromkeys(str(secret["commit"]) for secret in group))
        more = f" and {len(commits) - 1} more" if commits[1:] else ""
        message = f"{finding.message} (in commit {commits[0][:7]}{more})"
        return replace(finding, message=message, remedy=_REMEDY)

    def _nothing(self) -> CannotRun:
        return CannotRun("there is no commit yet", "Commit something first.", code="git-failed")


_REMEDY = (
    "Replace it where it is valid: whoever has a clone has it, and rewriting the history does not "
    "change that. Then waive it: [[waivers]] in shipway.toml."
)

GITLEAKS = Gitleaks(
    name="gitleaks", summary="secrets in the files, by gitleaks", tool=tools.GITLEAKS
)
GITLEAKS_HISTORY = GitleaksHistory(
    name="gitleaks-history", summary="secrets in the git history, by gitleaks", tool=tools.GITLEAKS
)
