"""zizmor: unsafe GitHub workflows."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed, relative
from shipway.checks.scanner import Scanner, nothing_found, unread
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Kind, Severity

_SEVERITY = {
    "Informational": Severity.INFO, "Low": Severity.LOW, "Medium": Severity.MEDIUM,
    "High": Severity.HIGH,
}  # fmt: skip
_CODE = {
    Severity.INFO: 11, Severity.LOW: 12, Severity.MEDIUM: 13, Severity.HIGH: 14,
}  # fmt: skip
# zizmor names no weakness: those that its rules are about, with what to do.
_WEAKNESS = {
    "archived-uses": ("CWE-1104", "Use an action that is maintained."),
    "artipacked": ("CWE-522", "Set persist-credentials: false."),
    "bot-conditions": ("CWE-290", "Ask for github.event.pull_request.user.login."),
    "cache-poisoning": ("CWE-349", "Publish from a build that restores no cache."),
    "dangerous-triggers": ("CWE-829", "Use pull_request; or run nothing of the other branch."),
    "excessive-permissions": ("CWE-250", "Set permissions: {}, and give each job what it needs."),
    "github-env": ("CWE-77", "Write nothing to GITHUB_ENV that comes from outside."),
    "hardcoded-container-credentials": ("CWE-798", "Take the password from secrets."),
    "insecure-commands": ("CWE-77", "Remove ACTIONS_ALLOW_UNSECURE_COMMANDS; use GITHUB_ENV."),
    "overprovisioned-secrets": ("CWE-200", "Name each secret that a step needs."),
    "secrets-inherit": ("CWE-200", "Pass each secret that is needed by name."),
    "self-hosted-runner": ("CWE-668", "Let no fork's pull request run on a machine of your own."),
    "template-injection": ("CWE-94", "Give it by env, and use it as a shell variable."),
    "unpinned-images": ("CWE-1357", "Name the image by its digest."),
    "unpinned-tools": ("CWE-1357", "Name the version."),
    "unpinned-uses": ("CWE-1357", "Name the action by its full commit, with its tag in a comment."),
    "unredacted-secrets": ("CWE-532", "Store each value as a secret of its own."),
    "use-trusted-publishing": ("CWE-522", "Let the registry trust the workflow; keep no token."),
}
# Where zizmor names a whole block, or what is affected: what stands in the line to be changed.
_AT = {"insecure-commands": "ACTIONS_ALLOW_UNSECURE_COMMANDS", "secrets-inherit": "secrets:"}
_BROKEN = re.compile(r"^failed to load file://(?:\./)?(.+) as \w+$", re.MULTILINE)
_FATAL = "fatal: no audit was performed\n"


@dataclass(frozen=True)
class Zizmor(Scanner):
    """`zizmor --offline --format json`, with the project's own `zizmor.yml` if it has one.

    Offline it asks nobody which actions have known faults, or whether a commit is a fork's.
    """

    def applies(self, config: Config) -> bool:
        """Where there are workflows."""
        return bool(config.application.workflows)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The workflows, and what configures zizmor."""
        return (f"{config.application.workflows}/**", *self.configuration)

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Every workflow; one that it cannot load is an error. Without "./" a folder that is not
        there is taken for a repository of GitHub's."""
        return (
            "--offline", "--no-progress", "--quiet", "--format", "json", "--strict-collection",
            "--collect=all", f"./{config.application.workflows}",
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: clean, 11 to 14: the worst finding's severity, 3: no workflow, 1: no folder too."""
        if output.code == 3 or (output.code == 1 and "invalid input: " in output.stderr):
            raise nothing_found("zizmor", "no workflow")
        broken = _BROKEN.findall(output.stderr)
        if broken:
            raise unread("zizmor", broken, "Mend it: see the check workflow-schema.")
        try:
            listed = json.loads(output.stdout)
            found = [_finding(one, site) for one in listed]
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
            raise crashed(
                replace(output, stderr=output.stderr.replace(_FATAL, "")), "zizmor"
            ) from None
        expected = _CODE[max(one.severity for one in found)] if found else 0
        if output.code != expected or not isinstance(listed, list):
            raise crashed(output, "zizmor")
        return Reading(tuple(found))


def _finding(one: dict[str, Any], site: Site) -> Finding:
    place = next(each for each in one["locations"] if each["symbolic"]["kind"] == "Primary")
    path = place["symbolic"]["key"]["Local"]["verbatim_path"]
    judged = one["determinations"]
    cwe, remedy = _WEAKNESS.get(one["ident"], ("", ""))
    fixes = [fix["title"] for fix in one["fixes"]]
    return Finding(
        "zizmor", one["ident"], _SEVERITY[judged["severity"]], relative(path, site.root),
        _line(one, place), f"{one['desc']}: {place['symbolic']['annotation']}",
        remedy or "; ".join(fixes), Kind.CONFIGURATION,
        score=judged["severity"], confidence=judged["confidence"].lower(),
        cwe=(cwe,) if cwe else (), link=one["url"],
    )  # fmt: skip


def _line(one: dict[str, Any], place: dict[str, Any]) -> int:
    """The line to be changed; else the first line of its own place. zizmor counts from 0."""
    word = _AT.get(one["ident"])
    for each in one["locations"] if word else ():
        concrete = each["concrete"]
        for number, row in enumerate(concrete["feature"].splitlines()):
            if word in row:
                return int(concrete["location"]["start_point"]["row"]) + number + 1
    return int(place["concrete"]["location"]["start_point"]["row"]) + 1


ZIZMOR = Zizmor(
    "zizmor", "unsafe GitHub workflows, by zizmor", tools.ZIZMOR,
    (".github/zizmor.y*ml", "zizmor.y*ml"), expected=0.7,
)  # fmt: skip
