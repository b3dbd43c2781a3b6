"""hadolint: the Dockerfiles, and the shell in them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed, relative
from shipway.checks.scanner import Scanner, dockerfiles, unread
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Kind, Severity

_SEVERITY = {
    "error": Severity.HIGH, "warning": Severity.MEDIUM, "info": Severity.LOW,
    "style": Severity.INFO,
}  # fmt: skip
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


@dataclass(frozen=True)
class Hadolint(Scanner):
    """`hadolint --format json`, with the project's own `.hadolint.yaml` if it has one."""

    def applies(self, config: Config) -> bool:
        """Where there is a Dockerfile."""
        return bool(dockerfiles(config))

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The Dockerfiles and what configures hadolint."""
        return (*dockerfiles(config), *self.configuration)

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Without the threshold that the project's settings may set: 0 wherever it ran."""
        return ("--no-fail", "--format", "json", *dockerfiles(config))

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: it ran. What it could not parse is a finding to hadolint, and no result here."""
        for complaint, (file, remedy) in _COMPLAINTS.items():
            if complaint in output.stderr:
                missing = re.findall(rf"^hadolint: (.+): {complaint}", output.stderr, re.MULTILINE)
                raise unread("hadolint", [file] if file else missing or ["a file"], remedy)
        try:
            listed = json.loads(output.stdout)
            found = tuple(_finding(one, site) for one in listed)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "hadolint") from None
        if output.code != 0 or not isinstance(listed, list):
            raise crashed(output, "hadolint")
        broken = [
            f"{one.place}: {one.message.splitlines()[0]}" for one in found if one.rule == _SYNTAX
        ]
        if broken:
            raise unread("hadolint", broken, "Mend it: docker build would not understand it.")
        return Reading(found)


def _finding(one: dict[str, Any], site: Site) -> Finding:
    rule = one["code"]
    cwe, remedy = _WEAKNESS.get(rule, ("", ""))
    wiki = "koalaman/shellcheck" if rule.startswith("SC") else "hadolint/hadolint"
    return Finding(
        "hadolint", rule, _SEVERITY[one["level"]], relative(one["file"], site.root),
        int(one["line"]), one["message"], remedy, Kind.CONFIGURATION, score=one["level"],
        cwe=(cwe,) if cwe else (), link=f"https://github.com/{wiki}/wiki/{rule}",
    )  # fmt: skip


HADOLINT = Hadolint(
    "hadolint", "the Dockerfiles, by hadolint", tools.HADOLINT,
    (".hadolint.yaml", ".hadolint.yml"), expected=0.7,
)  # fmt: skip
