"""black."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import Linter, crashed, relative
from shipway.checks.ruff import unformatted
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config

_MARK = "would reformat "


@dataclass(frozen=True)
class Black(Linter):
    """`black --check`; it reports on standard error."""

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """Each file that would change, a line each."""
        return ("--check", "--extend-exclude", r"/\.shipway/", ".")

    def fix(self, config: Config, site: Site) -> tuple[str, ...]:
        """Format."""
        return ("--quiet", "--extend-exclude", r"/\.shipway/", ".")

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """0: formatted, 1: some are not, 123: it did not run."""
        files = [
            line.removeprefix(_MARK)
            for line in output.stderr.splitlines()
            if line.startswith(_MARK)
        ]
        if output.code not in (0, 1) or bool(files) != bool(output.code):
            raise crashed(output, "black")
        return unformatted("black", [relative(file, site.root) for file in files])


BLACK = Black("black", "formatting, by black", tools.BLACK, expected=2.0)
