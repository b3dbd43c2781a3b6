"""ruff: the linter and the formatter."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import Linter, crashed, nothing_to_check, relative
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Severity

# ruff takes settings from any folder, and reads notebooks too.
_FILES = ("*.ipynb", "**/pyproject.toml", "**/ruff.toml", "**/.ruff.toml")
_COMMON = ("--no-cache", "--extend-exclude", ".shipway")
_AS_JSON = ("--output-format", "json", *_COMMON, ".")


@dataclass(frozen=True)
class Lint(Linter):
    """`ruff check`; its JSON is described at docs.astral.sh/ruff/settings/#output-format."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Findings as JSON; a check changes no file, whatever the project's settings say."""
        return ("check", "--no-fix", "--no-fix-only", *_AS_JSON)

    def fix(self, config: Config, site: Site) -> tuple[str, ...]:
        """Only what ruff calls safe, whatever the project's settings say."""
        return ("check", "--fix", "--no-unsafe-fixes", "--exit-zero", "--quiet", *_COMMON, ".")

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: clean, 1: findings, anything else: it did not run."""
        found = _read(output, "ruff", (0, 1))
        return Reading(
            tuple(_finding("ruff", one, site) for one in found),
            remedy="Repair what is safe: shipway run --fix.",
        )


@dataclass(frozen=True)
class Format(Linter):
    """`ruff format --check`, which speaks the same JSON."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Each file that would change."""
        return ("format", "--check", *_AS_JSON)

    def fix(self, config: Config, site: Site) -> tuple[str, ...]:
        """Format."""
        return ("format", "--quiet", *_COMMON, ".")

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: formatted, 1: some are not, 2: some cannot be read, or it did not run."""
        found = _read(output, "ruff-format", (0, 1, 2))
        findings = [_finding("ruff-format", one, site) for one in found]
        files = sorted({finding.path for finding in findings if finding.rule == "unformatted"})
        reading = unformatted("ruff-format", files)
        others = tuple(finding for finding in findings if finding.rule != "unformatted")
        return Reading((*others, *reading.findings), remedy=reading.remedy)


def unformatted(tool: str, files: list[str]) -> Reading:
    """One finding for each file that a formatter would change."""
    findings = tuple(
        Finding(tool, "format", Severity.LOW, file, 0, "it is not formatted") for file in files
    )
    return Reading(findings, remedy="Let it be formatted: shipway run --fix.")


def _read(output: Output, tool: str, codes: tuple[int, ...]) -> list[dict[str, object]]:
    if output.code == 0 and "No Python files found" in output.stderr:
        raise nothing_to_check(tool)
    try:
        found = json.loads(output.stdout)
    except ValueError:
        raise crashed(output, tool) from None
    understood = isinstance(found, list) and all(map(_is_finding, found))
    if output.code not in codes or not understood or bool(found) != bool(output.code):
        raise crashed(output, tool)
    return list(found)


def _is_finding(one: object) -> bool:
    """Whether it has what a finding is made of."""
    if not isinstance(one, dict) or not {"code", "filename", "message"} <= one.keys():
        return False
    place = one.get("location")
    return isinstance(place, dict) and isinstance(place.get("row"), int)


def _finding(tool: str, one: dict[str, object], site: Site) -> Finding:
    place = one["location"]
    line = int(place["row"]) if isinstance(place, dict) else 0
    rule = str(one["code"] or "invalid-syntax")
    path = relative(str(one["filename"]), site.root)
    mistake = rule[0] in "EF" or rule == "invalid-syntax"
    severity = Severity.MEDIUM if mistake else Severity.LOW
    return Finding(tool, rule, severity, path, line, str(one["message"]))


RUFF = Lint("ruff", "style, mistakes and imports, by ruff", tools.RUFF, _FILES, expected=0.3)
RUFF_FORMAT = Format("ruff-format", "formatting, by ruff", tools.RUFF, _FILES, expected=0.3)
