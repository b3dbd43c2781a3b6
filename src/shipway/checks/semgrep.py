"""semgrep: unsafe Python, templates and configuration, by our own rules (in rules/)."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipway.checks import tools
from shipway.checks.base import Scanner, nothing_to_scan, relative_path, tool_crashed
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_RULES = Path(__file__).parent / "rules"
_SEVERITY = {"ERROR": Severity.HIGH, "WARNING": Severity.MEDIUM, "INFO": Severity.LOW}
_TEMPLATES = ("*.html", "*.htm", "*.jinja", "*.jinja2", "*.j2")
# Workflows, CloudFormation, and where pip is told what to fetch.
_CONFIGURATION = ("*.yml", "*.yaml", "*.txt", "*.in", "pip.*", "Dockerfile*", "*.Dockerfile")
# Besides what .semgrepignore says, or without one semgrep itself.
_NOT_OURS = (".shipway", ".venv", "venv", "node_modules", "tests", "test")
_LOOKED_AT = re.compile(r"\.(pyi?|html?|jinja2?|j2)$|\.html\.")
_SECONDS = 30  # for one rule in one file; then the file is given up


@dataclass(frozen=True)
class Semgrep(Scanner):
    """`semgrep scan --json`; what it writes is described at github.com/semgrep/semgrep-interfaces.

    A file that it gave up, or read only in part, is a finding of its own: semgrep understands a
    new Python later than Python does, and what it found elsewhere is worth knowing meanwhile.
    """

    def inputs(self, config: Config) -> tuple[str, ...]:
        """Python files, templates, configuration and settings; the rules, which are no files of
        the application, by a digest that no file is named by."""
        own = f"semgrep-rules-{_digest()}"
        return (*super().inputs(config), *_TEMPLATES, *_CONFIGURATION, own)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """All of the application but its tests; semgrep asks nobody and tells nobody."""
        excluded = (word for name in _NOT_OURS for word in ("--exclude", name))
        return (
            "scan",
            "--quiet",
            "--json",
            "--metrics",
            "off",
            "--disable-version-check",
            "--oss-only",
            "--jobs",
            "1",
            "--timeout",
            str(_SECONDS),
            "--timeout-threshold",
            "1",
            "--max-target-bytes",
            "0",
            "--no-rewrite-rule-ids",
            "--config",
            str(_RULES),
            *excluded,
            ".",
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0 whatever it found; anything else: it did not run."""
        try:
            report = json.loads(output.stdout)
            findings = [_finding(result, context) for result in report["results"]]
            errors = report["errors"]
            given_up = _given_up([error for error in errors if "path" in error], context)
            broken = [str(error["message"]) for error in errors if "path" not in error]
            scanned = [path for path in report["paths"]["scanned"] if _LOOKED_AT.search(path)]
            complete = not report["skipped_rules"]
        except (ValueError, KeyError, TypeError, AttributeError, LookupError):
            raise tool_crashed(output, "semgrep") from None
        if broken:
            raise _failed(broken[0])
        if output.code or not complete:
            raise tool_crashed(output, "semgrep")
        if not scanned:
            raise nothing_to_scan("semgrep", "no Python file or template")
        return CheckResult(findings=(*findings, *given_up))


def _digest() -> str:
    """What the rules say, in one word: with other rules, what was stored says nothing."""
    files = sorted(_RULES.glob("*.yml"))
    text = b"\0".join(file.name.encode() + b"\0" + file.read_bytes() for file in files)
    return hashlib.sha256(text).hexdigest()[:16]


def _failed(message: str) -> CannotRun:
    return CannotRun(
        f"semgrep ended with no result: {' '.join(message.split())[:300]}",
        "Read its log above; it may be a fault of Shipway's rules.",
        code="tool-failed",
    )


def _finding(result: dict[str, Any], context: CheckContext) -> Finding:
    extra, about = result["extra"], result["extra"]["metadata"]
    fault, _, remedy = extra["message"].partition(" Instead: ")
    path = relative_path(result["path"], context.root)
    return Finding(
        tool="semgrep",
        rule=result["check_id"],
        severity=_SEVERITY[extra["severity"]],
        path=path,
        line=result["start"]["line"],
        message=fault,
        remedy=_sentence(remedy),
        kind=FindingKind.CODE if _LOOKED_AT.search(path) else FindingKind.CONFIGURATION,
        score=extra["severity"],
        confidence=about["confidence"],
        cwe=tuple(about["cwe"]),
        link=about["references"][0],
    )


def _sentence(text: str) -> str:
    """With a capital letter, unless it begins with code."""
    return text[:1].upper() + text[1:] if text.split(" ")[0].isalpha() else text


def _given_up(errors: list[dict[str, Any]], context: CheckContext) -> list[Finding]:
    """One finding for each file that was not looked at whole; the first reason is enough."""
    first: dict[str, dict[str, Any]] = {}
    for error in errors:
        first.setdefault(relative_path(error["path"], context.root), error)
    return [_unread(path, error) for path, error in first.items()]


def _unread(path: str, error: dict[str, Any]) -> Finding:
    reason = error["type"] if isinstance(error["type"], str) else error["type"][0]
    spans = error.get("spans") or [{"start": {"line": 0}}]
    unclear = "syntax error" if reason == "PartialParsing" else reason.lower()
    return Finding(
        tool="semgrep",
        rule="not-looked-at",
        severity=Severity.HIGH,
        path=path,
        line=spans[0]["start"]["line"],
        message=f"semgrep did not look at all of this file: {unclear}",
        remedy=(
            "Mend it; if it is right, let somebody read it, and waive this finding with the reason."
        ),
        score=error["level"],
        confidence="high",
    )


SEMGREP = Semgrep(
    name="semgrep",
    summary="unsafe Python and configuration, by semgrep and Shipway's rules",
    tool=tools.SEMGREP,
    kept="semgrep",
    configuration=(".semgrepignore", "**/.semgrepignore"),
    expected=8.0,
)
