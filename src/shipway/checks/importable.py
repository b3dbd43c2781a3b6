"""Whether what the lock installs can be imported: found before the tests fail for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import Linter, crashed
from shipway.checks.inside import HERE
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.finding import Finding, Kind, Severity

_SHOWN = 3


@dataclass(frozen=True)
class Importable(Linter):
    """importlib over the top-level modules of every package in the application's environment."""

    def applies(self, config: Config) -> bool:
        """Where something is installed for an application."""
        return bool(config.application.lock and config.application.serve)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """What decides about the environment."""
        application = config.application
        locks = (application.lock, application.test_lock, "pyproject.toml")
        return tuple(filter(None, locks))

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """The small program beside this file."""
        return (f"{HERE}/import_packages.py",)

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """Each broken package in a sentence, and what to do about the first."""
        try:
            found = json.loads(output.stdout.strip().splitlines()[-1])
            broken, imported = list(found["broken"]), int(found["imported"])
            said = "; ".join(map(_sentence, broken[:_SHOWN]))
        except (ValueError, KeyError, IndexError, TypeError):
            raise crashed(output, "import_packages.py") from None
        if output.code:
            raise crashed(output, "import_packages.py")
        if not broken and not imported:
            raise CannotRun("nothing is installed", "Look at the lock: it names no package.")
        if not broken:
            return Reading()
        more = f"; and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
        faults = tuple(_finding(one, config.application.lock) for one in broken)
        return Reading(faults, failed=said + more, remedy=_remedy(broken[0]))


def _finding(one: Mapping[str, str], lock: str) -> Finding:
    return Finding(
        "importable", "does-not-import", Severity.HIGH, lock, 0, _sentence(one), _remedy(one),
        Kind.DEPENDENCY, package=f"{one['package']} {one['version']}",
    )  # fmt: skip


def _sentence(one: Mapping[str, str]) -> str:
    name = f"{one['package']} {one['version']}"
    return f"{name} installs, but its module {one['module']} does not import: {one['text']}"


def _remedy(one: Mapping[str, str]) -> str:
    missing = one["missing"].split(".")[0]
    if one["error"] == "ModuleNotFoundError" and missing and missing != one["module"]:
        return f"Add the package that has the module {missing}: {one['package']} needs it."
    if ".so" in one["text"]:
        return f"{one['package']} needs a library of the system: install it here and in the image."
    return (
        f"Ask for a version of {one['package']}, or of what it imports, that fits the others; or "
        "switch this off: [checks] importable = false."
    )


IMPORTABLE = Importable(
    "importable", "whether what is installed can be imported", tools.APPLICATION_PYTHON,
    stage="build", needs=("install",), expected=3.0,
)  # fmt: skip
