"""flake8."""

from __future__ import annotations

import configparser
import os
import re
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import CheckDefaults, nothing_to_check, relative_path, tool_crashed
from shipway.config.schema import Config
from shipway.findings.finding import Finding, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_SETTINGS = ("setup.cfg", "tox.ini", ".flake8")  # in the order in which flake8 looks
_NOT_OURS = ".shipway,.venv,build,dist"
_LINE = re.compile(r"^(.+?):(\d+):\d+: ([A-Z]+\d*) (.*)$")
# Of --benchmark, and of settings with `count` or `statistics`; a finding begins with its path.
_FIGURE = re.compile(r"^\d\S*(\s.*)?$")
_LOOKED_AT = re.compile(r"^(\d+) +total files processed$", re.MULTILINE)


@dataclass(frozen=True)
class Flake8(CheckDefaults):
    """flake8 with the project's own settings; where it has none, only what breaks a program:
    syntax errors, undefined names, and comparisons and prints that cannot be meant."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Only what the project wrote, never its tools' folders; how much that was is said by
        nothing but --benchmark."""
        own = _own_settings(context.root)
        select = () if own is not None else ("--select=E9,F63,F7,F82",)
        excluded = ",".join(filter(None, (_NOT_OURS, own)))
        return (
            "--format=default",
            "--no-show-source",
            "--benchmark",
            *select,
            f"--extend-exclude={excluded}",
            ".",
        )

    def settings(self, config: Config, context: CheckContext) -> str:
        """Without any of the repository's, only what breaks a program is asked for."""
        line = super().settings(config, context)
        only = "; only what breaks a program: E9, F63, F7, F82"
        return line if _own_settings(context.root) is not None else line + only

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: clean, 1: findings; every line must be one, or a figure."""
        lines = [line for line in output.stdout.splitlines() if not _FIGURE.match(line)]
        matches = [_LINE.match(line) for line in lines if line.strip()]
        files = _LOOKED_AT.search(output.stdout)
        if not files or None in matches or output.code != int(bool(matches)):
            raise tool_crashed(output, "flake8")
        if files[1] == "0":
            raise nothing_to_check("flake8")
        return CheckResult(
            findings=tuple(
                Finding(
                    tool="flake8",
                    rule=m[3],
                    severity=Severity.LOW,
                    path=relative_path(m[1], context.root),
                    line=int(m[2]),
                    message=m[4],
                )
                for m in matches
                if m
            )
        )


def _own_settings(root: str) -> str | None:
    """What the project's flake8 settings exclude, for an option replaces the settings' own
    list; None where it has no settings."""
    for name in _SETTINGS:
        settings = configparser.RawConfigParser()
        try:
            settings.read(os.path.join(root, name), encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue  # flake8 itself will say what is wrong with it
        if settings.has_section("flake8"):
            section = settings["flake8"]
            listed = section.get("extend-exclude") or section.get("extend_exclude") or ""
            uncommented = re.sub(r"#.*", "", listed)
            return ",".join(re.split(r"[,\s]+", uncommented.strip()))
    return None


FLAKE8 = Flake8(
    name="flake8",
    summary="style and mistakes, by flake8",
    tool=tools.FLAKE8,
    configuration=_SETTINGS,
    settings_in=tuple((name, "[flake8]") for name in _SETTINGS),
    expected=3.0,
)
