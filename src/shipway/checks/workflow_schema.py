"""check-jsonschema: whether GitHub would understand the workflows at all."""

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

_NAME = "workflow-schema"
_SYNTAX = "https://docs.github.com/actions/reference/workflow-syntax-for-github-actions"
_REMEDY = "GitHub will not run it: compare it with the syntax of workflows."


@dataclass(frozen=True)
class WorkflowSchema(Scanner):
    """`check-jsonschema -o json` with the schema of GitHub's workflows that comes with it."""

    def applies(self, config: Config) -> bool:
        """Where there are workflows."""
        return bool(config.application.workflows)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """The workflows."""
        folder = config.application.workflows
        return (f"{folder}/*.yml", f"{folder}/*.yaml")

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Each workflow by its name: it looks into no folder."""
        return (
            "--verbose", "--color", "never", "--output-format", "json",
            "--builtin-schema", "vendor.github-workflows",
            *workflows(config, site),
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: all are valid, 1: some are not, or it did not run, 2: no workflow was named."""
        if output.code == 2 and "INSTANCEFILES" in output.stderr:
            raise nothing_found(_NAME, "no workflow")
        try:
            report = json.loads(output.stdout)
            found = [_finding(one, site) for one in report["errors"]]
            found += [_unparsed(one, site) for one in report.get("parse_errors", ())]
            valid = report["checked_paths" if report["status"] == "ok" else "successes"]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, _NAME) from None
        if output.code != int(bool(found)) or not (found or valid):
            raise crashed(output, _NAME)
        return Reading(tuple(found))


def _finding(one: dict[str, Any], site: Site) -> Finding:
    best = one.get("best_deep_match", one)  # what the closest of several alternatives lacks
    return _fault("invalid-workflow", one["filename"], f"{best['path']}: {best['message']}", site)


def _unparsed(one: dict[str, Any], site: Site) -> Finding:
    return _fault("invalid-yaml", one["filename"], "it is not valid YAML", site)


def _fault(rule: str, path: str, message: str, site: Site) -> Finding:
    return Finding(
        _NAME, rule, Severity.MEDIUM, relative(path, site.root), 0, message, _REMEDY,
        Kind.CONFIGURATION, confidence="high", link=_SYNTAX,
    )  # fmt: skip


WORKFLOW_SCHEMA = WorkflowSchema(
    _NAME, "workflows that GitHub understands, by check-jsonschema", tools.CHECK_JSONSCHEMA,
    expected=1.5,
)  # fmt: skip
