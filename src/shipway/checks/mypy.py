"""mypy, with the application's own packages for their types."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import Linter, crashed, relative
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.finding import Finding, Severity


@dataclass(frozen=True)
class Mypy(Linter):
    """`mypy --output json`: one JSON object a line (mypy's own format since 1.11)."""

    def applies(self, config: Config) -> bool:
        """Where there are packages, and an environment with what they import."""
        return bool(config.application.packages and config.application.lock)

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """The application's packages, seen with its interpreter."""
        return (
            "--python-executable", site.python, "--output", "json", "--no-error-summary",
            "--cache-dir", f"{site.root}/.shipway/mypy", *config.application.packages,
        )  # fmt: skip

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: clean, 1: errors, 2: a file that is not Python, or it did not run."""
        try:
            messages = [json.loads(line) for line in output.stdout.splitlines() if line.strip()]
            errors = [message for message in messages if message["severity"] == "error"]
            found = tuple(_finding(error, site) for error in errors)
        except (ValueError, KeyError, TypeError):
            raise crashed(output, "mypy") from None
        expected = 2 if any(one.rule == "syntax" for one in found) else int(bool(found))
        if output.code != expected:
            raise crashed(output, "mypy")
        return Reading(found)


def _finding(error: dict[str, object], site: Site) -> Finding:
    path = relative(str(error["file"]), site.root)
    rule = str(error["code"] or "error")
    line = max(0, int(str(error["line"])))
    return Finding("mypy", rule, Severity.MEDIUM, path, line, str(error["message"]))


MYPY = Mypy(
    "mypy", "types, by mypy", tools.MYPY,
    ("pyproject.toml", "mypy.ini", ".mypy.ini", "setup.cfg", "uv.lock", "requirements*.txt"),
    needs=("install",), expected=8.0,
)  # fmt: skip
