"""ruff: the linter and the formatter."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import CheckDefaults, nothing_to_check, relative_path, tool_crashed
from shipway.config.schema import Config
from shipway.findings.finding import Finding, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

# ruff takes settings from any folder, and reads notebooks too.
_FILES = ("*.ipynb", "**/pyproject.toml", "**/ruff.toml", "**/.ruff.toml")
_SETTINGS = ((".ruff.toml", ""), ("ruff.toml", ""), ("pyproject.toml", "[tool.ruff"))
_COMMON = ("--no-cache", "--extend-exclude", ".shipway")
_AS_JSON = ("--output-format", "json", *_COMMON, ".")


@dataclass(frozen=True)
class RuffLint(CheckDefaults):
    """`ruff check`; its JSON is described at docs.astral.sh/ruff/settings/#output-format."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Findings as JSON; a check changes no file, whatever the project's settings say."""
        return ("check", "--no-fix", "--no-fix-only", *_AS_JSON)

    def fix(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Only what ruff calls safe, whatever the project's settings say."""
        return ("check", "--fix", "--no-unsafe-fixes", "--exit-zero", "--quiet", *_COMMON, ".")

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: clean, 1: findings, anything else: it did not run."""
        results = _read(output, "ruff", (0, 1))
        return CheckResult(
            findings=tuple(_finding("ruff", result, context) for result in results),
            remedy="Repair what is safe: shipway run --fix.",
        )


@dataclass(frozen=True)
class RuffFormat(CheckDefaults):
    """`ruff format --check`, which speaks the same JSON."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Each file that would change."""
        return ("format", "--check", *_AS_JSON)

    def fix(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Format."""
        return ("format", "--quiet", *_COMMON, ".")

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: formatted, 1: some are not, 2: some cannot be read, or it did not run."""
        results = _read(output, "ruff-format", (0, 1, 2))
        findings = [_finding("ruff-format", result, context) for result in results]
        files = sorted({finding.path for finding in findings if finding.rule == "unformatted"})
        reading = unformatted_findings("ruff-format", files)
        others = tuple(finding for finding in findings if finding.rule != "unformatted")
        return CheckResult(findings=(*others, *reading.findings), remedy=reading.remedy)


def unformatted_findings(tool: str, files: list[str]) -> CheckResult:
    """One finding for each file that a formatter would change."""
    findings = tuple(
        Finding(
            tool=tool,
            rule="format",
            severity=Severity.LOW,
            path=file,
            line=0,
            message="it is not formatted",
        )
        for file in files
    )
    return CheckResult(findings=findings, remedy="Let it be formatted: shipway run --fix.")


def _read(output: ToolOutput, tool: str, codes: tuple[int, ...]) -> list[dict[str, object]]:
    if output.code == 0 and "No Python files found" in output.stderr:
        raise nothing_to_check(tool)
    try:
        results = json.loads(output.stdout)
    except ValueError:
        raise tool_crashed(output, tool) from None
    understood = isinstance(results, list) and all(map(_is_finding, results))
    if output.code not in codes or not understood or bool(results) != bool(output.code):
        raise tool_crashed(output, tool)
    return list(results)


def _is_finding(result: object) -> bool:
    """Whether it has what a finding is made of."""
    if not isinstance(result, dict) or not {"code", "filename", "message"} <= result.keys():
        return False
    location = result.get("location")
    return isinstance(location, dict) and isinstance(location.get("row"), int)


def _finding(tool: str, result: dict[str, object], context: CheckContext) -> Finding:
    location = result["location"]
    line = int(location["row"]) if isinstance(location, dict) else 0
    rule = str(result["code"] or "invalid-syntax")
    path = relative_path(str(result["filename"]), context.root)
    mistake = rule[0] in "EF" or rule == "invalid-syntax"
    severity = Severity.MEDIUM if mistake else Severity.LOW
    return Finding(
        tool=tool,
        rule=rule,
        severity=severity,
        path=path,
        line=line,
        message=str(result["message"]),
    )


RUFF = RuffLint(
    name="ruff",
    summary="style, mistakes and imports, by ruff",
    tool=tools.RUFF,
    configuration=_FILES,
    settings_in=_SETTINGS,
    expected=0.3,
)
RUFF_FORMAT = RuffFormat(
    name="ruff-format",
    summary="formatting, by ruff",
    tool=tools.RUFF,
    configuration=_FILES,
    settings_in=_SETTINGS,
    expected=0.3,
)
