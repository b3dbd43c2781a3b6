"""mypy, with the application's own packages for their types."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import CheckDefaults, relative_path, settings_file, tool_crashed
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, Severity
from shipway.pipeline.check import CheckContext, CheckResult, Tool, ToolOutput
from shipway.source_text import read_text

# Where mypy looks, in its own order.
_SETTINGS = (
    ("mypy.ini", "[mypy]"),
    (".mypy.ini", "[mypy]"),
    ("pyproject.toml", "[tool.mypy]"),
    ("setup.cfg", "[mypy]"),
)
_PLUGIN = re.compile(r'Error importing plugin "([\w.]+)"')
# A list of TOML, or the rest of the line and the lines that are indented below it.
_PLUGINS = re.compile(r"^plugins\s*=\s*(\[[^\]]*\]|.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)
_NAMES_FILES = re.compile(r"^(files|packages|modules)\s*=", re.MULTILINE)


@dataclass(frozen=True)
class Mypy(CheckDefaults):
    """`mypy --output json`: one JSON object a line (mypy's own format since 1.11)."""

    def applies(self, config: Config) -> bool:
        """Where there are packages, and an environment with what they import."""
        return bool(config.application.packages and config.application.lock)

    def tool_for(self, context: CheckContext) -> Tool:
        """The application's own mypy, where its settings name a plugin, which only that one has."""
        own = _names_plugin(context.root) and _has_mypy(context.python)
        return tools.APPLICATION_PYTHON if own else self.tool

    def settings(self, config: Config, context: CheckContext) -> str:
        """The file, and whose mypy it is."""
        own = self.tool_for(context) is not self.tool
        plugin = ", with the application's own mypy, because of its plugin" if own else ""
        return super().settings(config, context) + plugin

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """What its settings name, else the application's packages; seen with its interpreter."""
        named = _names_files(context.root)
        return (
            *(() if self.tool_for(context) is self.tool else ("-m", "mypy")),
            "--python-executable",
            context.python,
            "--output",
            "json",
            "--no-error-summary",
            "--cache-dir",
            f"{context.root}/.shipway/mypy",
            *(() if named else config.application.packages),
        )

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: clean, 1: errors, 2: a file that is not Python, or it did not run."""
        try:
            messages = [json.loads(line) for line in output.stdout.splitlines() if line.strip()]
            for message in messages:
                if plugin := _PLUGIN.match(str(message["message"])):
                    raise _without_plugin(plugin[1], str(message["file"]))
            errors = [message for message in messages if message["severity"] == "error"]
            findings = tuple(_finding(error, context) for error in errors)
        except (ValueError, KeyError, TypeError):
            raise tool_crashed(output, "mypy") from None
        expected = (
            2 if any(finding.rule == "syntax" for finding in findings) else int(bool(findings))
        )
        if output.code != expected:
            raise tool_crashed(output, "mypy")
        return CheckResult(findings=findings)


def _without_plugin(plugin: str, file: str) -> CannotRun:
    return CannotRun(
        f"{file} names the plugin {plugin}, which mypy has not where Shipway runs it",
        "Check types where the plugin is installed, and switch this off: [checks] mypy = false.",
        code="tool-missing",
    )


def _names_files(root: str) -> bool:
    """Whether the repository's settings say what is checked: arguments would replace that."""
    return bool(_NAMES_FILES.search(_own_settings(root)))


def _names_plugin(root: str) -> bool:
    """Whether the repository's settings name a plugin that mypy itself does not bring."""
    match = _PLUGINS.search(_own_settings(root))
    names = re.findall(r"[\w./]+", match[1]) if match else []
    return any(not name.startswith("mypy.") for name in names)


def _has_mypy(python: str) -> bool:
    """Whether mypy is in the environment of an interpreter."""
    return bool(python) and os.path.exists(os.path.join(os.path.dirname(python), "mypy"))


def _own_settings(root: str) -> str:
    """The text of mypy's section in the repository's settings, "" where there is none."""
    file = settings_file(root, _SETTINGS)
    if not file:
        return ""
    section = dict(_SETTINGS)[file]
    text = read_text(os.path.join(root, file))
    return re.split(r"^\[", text[text.index(section) + len(section) :], flags=re.MULTILINE)[0]


def _finding(error: dict[str, object], context: CheckContext) -> Finding:
    path = relative_path(str(error["file"]), context.root)
    rule = str(error["code"] or "error")
    line = max(0, int(str(error["line"])))
    return Finding(
        tool="mypy",
        rule=rule,
        severity=Severity.MEDIUM,
        path=path,
        line=line,
        message=str(error["message"]),
    )


MYPY = Mypy(
    name="mypy",
    summary="types, by mypy",
    tool=tools.MYPY,
    kept="mypy",
    configuration=(
        "pyproject.toml",
        "mypy.ini",
        ".mypy.ini",
        "setup.cfg",
        "uv.lock",
        "requirements*.txt",
    ),
    settings_in=_SETTINGS,
    needs=("install",),
    expected=8.0,
)
