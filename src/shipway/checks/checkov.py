"""checkov: Dockerfiles, workflows and CloudFormation templates."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed
from shipway.checks.scanner import Scanner, dockerfiles, nothing_found, unread, workflows
from shipway.checks.topics import topic
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Kind, Severity

_MEND = (
    "Mend it; or let .checkov.yaml leave nothing out: no skip-path, and no quiet, without which "
    "it does not say what it looked at."
)


@dataclass(frozen=True)
class Checkov(Scanner):
    """`checkov -o json` over files by name, with the project's own `.checkov.yaml`.

    What counts is that each file has at least one check that passed, failed or was skipped. It
    ends with 0, and says nothing, of a workflow that its own schema does not know: that is older
    than `queue` and `attestations`. Other checks read those; that it did not is a finding.
    """

    def applies(self, config: Config) -> bool:
        """Where there is any of them."""
        application = config.application
        return bool(dockerfiles(config) or application.workflows or application.templates)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """All of them, and what configures checkov."""
        application = config.application
        folder = (f"{application.workflows}/*",) if application.workflows else ()
        return (*dockerfiles(config), *folder, *application.templates, *self.configuration)

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Its own exit code depends on the project's settings: 0 wherever it ran."""
        return (
            "--framework", "cloudformation", "dockerfile", "github_actions",
            "--skip-download", "--soft-fail", "--compact", "--output", "json",
            "--file", *dockerfiles(config), *workflows(config, site), *config.application.templates,
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: it ran. Its report is a list only where there is more than one kind of file."""
        try:
            said = json.loads(output.stdout)
            reports = said if isinstance(said, list) else [said]
            # Where it found nothing to look at, its report is the summary itself.
            errors = sum(one.get("summary", one)["parsing_errors"] for one in reports)
            results = [one["results"] for one in reports if "summary" in one]
            lost = [path for one in results for path in one.get("parsing_errors", ())]
            seen = {_path(one) for each in results for one in _all(each)}
            findings = tuple(_finding(one) for each in results for one in each["failed_checks"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, "checkov") from None
        if output.code != 0:
            raise crashed(output, "checkov")
        passed_over = tuple(path for path in workflows(config, site) if path not in seen)
        lost += [path for path in dockerfiles(config) if results and path not in seen]
        if results and not any(one.get("passed_checks") for one in results):
            lost += passed_over  # it does not say what it looked at
        if lost or errors:
            raise unread("checkov", lost or ["a template"], _MEND)
        if not seen and not passed_over:
            raise nothing_found("checkov", "nothing that it knows")
        findings += tuple(_passed_over(path) for path in passed_over)
        # Its parts run at once, and the first that is ready reports first.
        return Reading(tuple(sorted(findings, key=lambda one: (one.path, one.line, one.rule))))


def _all(results: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = ("failed_checks", "passed_checks", "skipped_checks")
    return [one for kind in kinds for one in results.get(kind, ())]


def _path(one: dict[str, Any]) -> str:
    """Some of its parts give a path from the root, others with a slash before it."""
    return str(one["file_path"]).removeprefix("./").lstrip("/")


def _passed_over(path: str) -> Finding:
    return Finding(
        "checkov", "not-looked-at", Severity.INFO, path, 0,
        "checkov did not look at this file: its own schema of workflows does not know it",
        "Nothing, where zizmor, workflow-schema and actionlint look at it.", Kind.CONFIGURATION,
    )  # fmt: skip


def _finding(one: dict[str, Any]) -> Finding:
    rated, name = one["severity"], one["check_name"]
    severity, cwe, remedy = topic(name)
    return Finding(
        "checkov", one["check_id"], Severity[rated] if rated else severity, _path(one),
        int(one["file_line_range"][0]), f"{name}: {one['resource']}", remedy, Kind.CONFIGURATION,
        score=rated or "", cwe=cwe, link=one["guideline"] or "",
    )  # fmt: skip


CHECKOV = Checkov(
    "checkov", "Dockerfiles, workflows and templates, by checkov", tools.CHECKOV,
    (".checkov.yaml", ".checkov.yml"), expected=7.0,
)  # fmt: skip
