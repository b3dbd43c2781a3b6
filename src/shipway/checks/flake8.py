"""flake8."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import Linter, crashed, relative
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Severity

_LINE = re.compile(r"^(.+?):(\d+):\d+: ([A-Z]+\d+) (.*)$")


@dataclass(frozen=True)
class Flake8(Linter):
    """flake8 with the project's own settings; its default line form is path:row:col: code text."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Only what the project wrote, never its tools' folders."""
        return ("--extend-exclude", ".shipway,.venv,build,dist", ".")

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: clean, 1: findings; every line must be one."""
        matches = [_LINE.match(line) for line in output.stdout.splitlines() if line.strip()]
        if output.code not in (0, 1) or None in matches or bool(matches) != bool(output.code):
            raise crashed(output, "flake8")
        return Reading(
            tuple(
                Finding("flake8", m[3], Severity.LOW, relative(m[1], site.root), int(m[2]), m[4])
                for m in matches
                if m
            )
        )


FLAKE8 = Flake8(
    "flake8", "style and mistakes, by flake8", tools.FLAKE8,
    (".flake8", "setup.cfg", "tox.ini"), expected=3.0,
)  # fmt: skip
