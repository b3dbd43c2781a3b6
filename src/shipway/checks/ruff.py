"""ruff: the linter and the formatter."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import Linter, crashed, relative
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Severity

_FILES = ("pyproject.toml", "ruff.toml", ".ruff.toml")


@dataclass(frozen=True)
class Lint(Linter):
    """`ruff check`; its JSON is described at docs.astral.sh/ruff/settings/#output-format."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Findings as JSON on standard output."""
        return ("check", "--output-format", "json", "--no-cache", ".")

    def fix(self, config: Config, site: Site) -> tuple[str, ...]:
        """Only what ruff calls safe."""
        return ("check", "--fix", "--exit-zero", "--no-cache", "--quiet", ".")

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: clean, 1: findings, anything else: it did not run."""
        if output.code not in (0, 1):
            raise crashed(output, "ruff")
        try:
            found = [_finding(one, site) for one in json.loads(output.stdout)]
        except (ValueError, KeyError, TypeError):
            raise crashed(output, "ruff") from None
        if output.code == 1 and not found:
            raise crashed(output, "ruff")
        return Reading(tuple(found), remedy="Repair what is safe: shipway run --fix.")


@dataclass(frozen=True)
class Format(Linter):
    """`ruff format --check`."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Each file that would change, a line each."""
        return ("format", "--check", "--no-cache", ".")

    def fix(self, config: Config, site: Site) -> tuple[str, ...]:
        """Format."""
        return ("format", "--no-cache", "--quiet", ".")

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: formatted, 1: some are not, 2: it did not run."""
        files = [
            line.removeprefix("Would reformat: ")
            for line in output.stdout.splitlines()
            if line.startswith("Would reformat: ")
        ]
        if output.code not in (0, 1) or bool(files) != bool(output.code):
            raise crashed(output, "ruff format")
        return unformatted("ruff-format", [relative(file, site.root) for file in files])


def unformatted(tool: str, files: list[str]) -> Reading:
    """One finding for each file that a formatter would change."""
    findings = tuple(
        Finding(tool, "format", Severity.LOW, file, 0, "it is not formatted") for file in files
    )
    return Reading(findings, remedy="Let it be formatted: shipway run --fix.")


def _finding(one: dict[str, object], site: Site) -> Finding:
    place = one["location"]
    line = int(place["row"]) if isinstance(place, dict) else 0
    rule = str(one["code"] or "syntax-error")
    path = relative(str(one["filename"]), site.root)
    severity = Severity.MEDIUM if rule[0] in "EF" or rule == "syntax-error" else Severity.LOW
    return Finding("ruff", rule, severity, path, line, str(one["message"]))


RUFF = Lint("ruff", "style, mistakes and imports, by ruff", tools.RUFF, _FILES, expected=0.3)
RUFF_FORMAT = Format("ruff-format", "formatting, by ruff", tools.RUFF, _FILES, expected=0.3)
