"""actionlint: workflows that GitHub would start, and that would fail there."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed, relative
from shipway.checks.scanner import Scanner, nothing_found, workflows
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Kind, Severity

_LINK = "https://github.com/rhysd/actionlint/blob/main/docs/checks.md"
_UNREADABLE = 3  # its exit code where it could not read what it was given


@dataclass(frozen=True)
class Actionlint(Scanner):
    """`actionlint -format '{{json .}}'`; what it would let shellcheck and pyflakes do is left out:
    whether they are there differs from machine to machine."""

    def applies(self, config: Config) -> bool:
        """Where there are workflows."""
        return bool(config.application.workflows)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The workflows, and what configures it."""
        folder = config.application.workflows
        return (f"{folder}/*.yml", f"{folder}/*.yaml", *self.configuration)

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Each workflow by its name; the folder, which it cannot read, where there is none: without
        a name it would look for others."""
        named = workflows(config, site) or (config.application.workflows,)
        return ("-no-color", "-shellcheck=", "-pyflakes=", "-format", "{{json .}}", *named)

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: clean, 1: findings, 3: it could not read a file."""
        if output.code == _UNREADABLE and "could not read " in output.stderr:
            raise nothing_found("actionlint", "no workflow")
        try:
            report = json.loads(output.stdout)
            found = tuple(_finding(one, site) for one in report)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "actionlint") from None
        if not isinstance(report, list) or output.code != int(bool(found)):
            raise crashed(output, "actionlint")
        return Reading(found)


def _finding(one: dict[str, Any], site: Site) -> Finding:
    """In a script of several lines the first one is named: where zizmor names another, theirs are
    two rows, of which zizmor's is the one that is rated."""
    injected = "potentially untrusted" in one["message"]
    return Finding(
        "actionlint", one["kind"], Severity.MEDIUM, relative(one["filepath"], site.root),
        int(one["line"]), one["message"],
        "Give it by env, and use it as a shell variable." if injected else
        "GitHub would refuse it, or it would fail there: correct this line.",
        Kind.CONFIGURATION, confidence="high", link=_LINK,
        cwe=("CWE-94",) if injected else (),
    )  # fmt: skip


ACTIONLINT = Actionlint(
    "actionlint", "workflows that would work, by actionlint", tools.ACTIONLINT,
    configuration=(".github/actionlint.yaml", ".github/actionlint.yml"), expected=0.5,
)  # fmt: skip
