"""black."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import Linter, crashed, nothing_to_check, relative
from shipway.checks.ruff import unformatted
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Severity

_NOT_OURS = r"/\.shipway/"
_MARK = "would reformat "
_CANNOT_PARSE = re.compile(r"^error: cannot parse: (.+?):(\d+):\d+$")


@dataclass(frozen=True)
class Black(Linter):
    """`black --check`; it reports on standard error."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Each file that would change, a line each."""
        return ("--check", "--force-exclude", _excluded(site.root), ".")

    def fix(self, config: Config, site: Site) -> tuple[str, ...]:
        """Format."""
        return ("--quiet", "--force-exclude", _excluded(site.root), ".")

    def read(self, output: Output, config: Config, site: Site) -> Reading:
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
            raise crashed(output, "black")
        reading = unformatted("black", [relative(file, site.root) for file in files])
        syntax = tuple(
            Finding("black", "invalid-syntax", Severity.MEDIUM, relative(match[1], site.root),
                    int(match[2]), "it is not valid Python")
            for match in unread
        )  # fmt: skip
        return Reading((*syntax, *reading.findings), remedy=reading.remedy)


def _excluded(root: str) -> str:
    """Shipway's own folder, and what the project's settings say, for an option takes the place
    of a setting."""
    try:
        with open(os.path.join(root, "pyproject.toml"), "rb") as file:
            settings = tomllib.load(file).get("tool", {}).get("black", {})
        own = settings.get("force-exclude") or settings.get("force_exclude") or ""
    except (OSError, ValueError, AttributeError):
        return _NOT_OURS  # black itself will say what is wrong with it
    # A pattern of several lines may end in a comment.
    end = "\n" if "\n" in str(own) else ""
    return f"({own}{end})|{_NOT_OURS}" if own else _NOT_OURS


BLACK = Black("black", "formatting, by black", tools.BLACK, expected=2.0)
