"""hadolint: the Dockerfiles, and the shell in them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypedDict

from shipway.checks import tools
from shipway.checks.base import Scanner, dockerfiles, relative_path, tool_crashed, unreadable_files
from shipway.config.schema import Config
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_SEVERITY = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "info": Severity.LOW,
    "style": Severity.INFO,
}
_UNPINNED = ("CWE-1357", "Name the version, so that every build gets the same.")
# hadolint names no weakness: those of its rules that are about security, with what to do.
_WEAKNESS = {
    "DL3002": ("CWE-250", "End with a USER that is not root."),
    "DL3004": ("CWE-250", "Do what needs root before the USER instruction."),
    "DL3006": ("CWE-1357", "Name a tag, or better a digest."),
    "DL3007": ("CWE-1357", "Name a tag, or better a digest."),
    **dict.fromkeys(("DL3008", "DL3013", "DL3016", "DL3018", "DL3028"), _UNPINNED),
    **dict.fromkeys(("DL3033", "DL3037", "DL3041", "DL3062"), _UNPINNED),
    "DL3026": ("CWE-1357", "Take the image from a registry that is allowed."),
    "DL3064": ("CWE-526", "Give secrets when it runs, or by RUN --mount=type=secret."),
    "DL4006": ("CWE-252", 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'),
}
_SYNTAX = "DL1000"
# What it says → the file that is meant, and what to do.
_COMPLAINTS = {
    "Error parsing your config file": (".hadolint.yaml", "Mend it: hadolint goes on without it."),
    "withBinaryFile": ("", "See what [application] dockerfile and dockerfiles name."),
}


class _Result(TypedDict):
    code: str
    level: str
    file: str
    line: int
    message: str


@dataclass(frozen=True)
class Hadolint(Scanner):
    """`hadolint --format json`, with the project's own `.hadolint.yaml` if it has one."""

    def applies(self, config: Config) -> bool:
        """Where there is a Dockerfile."""
        return bool(dockerfiles(config))

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The Dockerfiles and what configures hadolint."""
        return (*dockerfiles(config), *self.configuration)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Without the threshold that the project's settings may set: 0 wherever it ran."""
        return ("--no-fail", "--format", "json", *dockerfiles(config))

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: it ran. What it could not parse is a finding to hadolint, and no result here."""
        for complaint, (file, remedy) in _COMPLAINTS.items():
            if complaint in output.stderr:
                missing = re.findall(rf"^hadolint: (.+): {complaint}", output.stderr, re.MULTILINE)
                raise unreadable_files(
                    "hadolint", [file] if file else missing or ["a file"], remedy
                )
        try:
            listed = json.loads(output.stdout)
            findings = tuple(_finding(result, context) for result in listed)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "hadolint") from None
        if output.code != 0 or not isinstance(listed, list):
            raise tool_crashed(output, "hadolint")
        broken = [
            f"{finding.place}: {finding.message.splitlines()[0]}"
            for finding in findings
            if finding.rule == _SYNTAX
        ]
        if broken:
            raise unreadable_files(
                "hadolint", broken, "Mend it: docker build would not understand it."
            )
        return CheckResult(findings=findings)


def _finding(result: _Result, context: CheckContext) -> Finding:
    rule = result["code"]
    cwe, remedy = _WEAKNESS.get(rule, ("", ""))
    wiki = "koalaman/shellcheck" if rule.startswith("SC") else "hadolint/hadolint"
    return Finding(
        tool="hadolint",
        rule=rule,
        severity=_SEVERITY[result["level"]],
        path=relative_path(result["file"], context.root),
        line=int(result["line"]),
        message=result["message"],
        remedy=remedy,
        kind=FindingKind.CONFIGURATION,
        score=result["level"],
        cwe=(cwe,) if cwe else (),
        link=f"https://github.com/{wiki}/wiki/{rule}",
    )


HADOLINT = Hadolint(
    name="hadolint",
    summary="the Dockerfiles, by hadolint",
    tool=tools.HADOLINT,
    configuration=(".hadolint.yaml", ".hadolint.yml"),
    expected=0.7,
)
