"""black."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import CheckDefaults, nothing_to_check, relative_path, tool_crashed
from shipway.checks.ruff import unformatted_findings
from shipway.config.schema import Config
from shipway.errors import ConfigError
from shipway.findings.finding import Finding, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput
from shipway.source_text import parse_toml, read_text

_NOT_OURS = r"/\.shipway/"
_MARK = "would reformat "
_CANNOT_PARSE = re.compile(r"^error: cannot parse: (.+?):(\d+):\d+$")


@dataclass(frozen=True)
class Black(CheckDefaults):
    """`black --check`; it reports on standard error."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Each file that would change, a line each."""
        return ("--check", "--force-exclude", _excluded(context.root), ".")

    def fix(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Format."""
        return ("--quiet", "--force-exclude", _excluded(context.root), ".")

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: formatted, 1: some are not, 123: some could not be read."""
        lines = output.stderr.splitlines()
        if any(line.startswith("No Python files are present") for line in lines):
            raise nothing_to_check("black")
        files = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
        errors = [line for line in lines if line.startswith("error:")]
        unread = [match for line in errors if (match := _CANNOT_PARSE.match(line))]
        expected = 123 if unread else int(bool(files))
        # Its summary is always there: without it, it did not look at anything.
        counted = any("file" in line and line.endswith(".") for line in lines)
        if output.code != expected or len(errors) != len(unread) or not counted:
            raise tool_crashed(output, "black")
        reading = unformatted_findings(
            "black", [relative_path(file, context.root) for file in files]
        )
        syntax = tuple(
            Finding(
                tool="black",
                rule="invalid-syntax",
                severity=Severity.MEDIUM,
                path=relative_path(match[1], context.root),
                line=int(match[2]),
                message="it is not valid Python",
            )
            for match in unread
        )
        return CheckResult(findings=(*syntax, *reading.findings), remedy=reading.remedy)


def _excluded(root: str) -> str:
    """Shipway's own folder, and what the project's settings say, for an option takes the place
    of a setting."""
    try:
        text = read_text(os.path.join(root, "pyproject.toml"))
        settings = parse_toml(text).get("tool", {}).get("black", {})
        own = settings.get("force-exclude") or settings.get("force_exclude") or ""
    except (OSError, ValueError, AttributeError, ConfigError):
        return _NOT_OURS  # black itself will say what is wrong with it
    # A pattern of several lines may end in a comment.
    end = "\n" if "\n" in str(own) else ""
    return f"({own}{end})|{_NOT_OURS}" if own else _NOT_OURS


BLACK = Black(
    name="black",
    summary="formatting, by black",
    tool=tools.BLACK,
    settings_in=(("pyproject.toml", "[tool.black]"),),
    expected=2.0,
)
