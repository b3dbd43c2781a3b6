"""Whether what the lock installs can be imported: found before the tests fail for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.base import CheckDefaults, tool_crashed
from shipway.checks.scripts import HERE
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

_SHOWN = 3


@dataclass(frozen=True)
class ImportCheck(CheckDefaults):
    """importlib over the top-level modules of every package in the application's environment."""

    def applies(self, config: Config) -> bool:
        """Where something is installed for an application."""
        return bool(config.application.lock and config.application.serve)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """What decides about the environment."""
        application = config.application
        locks = (application.lock, application.test_lock, "pyproject.toml")
        return tuple(filter(None, locks))

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """The small program beside this file."""
        return (f"{HERE}/import_packages.py",)

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """Each broken package in a sentence, and what to do about the first."""
        try:
            document = json.loads(output.stdout.strip().splitlines()[-1])
            broken, imported = list(document["broken"]), int(document["imported"])
            message = "; ".join(map(_sentence, broken[:_SHOWN]))
        except (ValueError, KeyError, IndexError, TypeError):
            raise tool_crashed(output, "import_packages.py") from None
        if output.code:
            raise tool_crashed(output, "import_packages.py")
        if not broken and not imported:
            raise CannotRun("nothing is installed", "Look at the lock: it names no package.")
        if not broken:
            return CheckResult()
        more = f"; and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
        faults = tuple(_finding(failure, config.application.lock) for failure in broken)
        return CheckResult(findings=faults, failed=message + more, remedy=_remedy(broken[0]))


def _finding(failure: Mapping[str, str], lock: str) -> Finding:
    return Finding(
        tool="importable",
        rule="does-not-import",
        severity=Severity.HIGH,
        path=lock,
        line=0,
        message=_sentence(failure),
        remedy=_remedy(failure),
        kind=FindingKind.DEPENDENCY,
        package=f"{failure['package']} {failure['version']}",
    )


def _sentence(failure: Mapping[str, str]) -> str:
    name = f"{failure['package']} {failure['version']}"
    return f"{name} installs, but its module {failure['module']} does not import: {failure['text']}"


def _remedy(failure: Mapping[str, str]) -> str:
    missing = failure["missing"].split(".")[0]
    if failure["error"] == "ModuleNotFoundError" and missing and missing != failure["module"]:
        return f"Add the package that has the module {missing}: {failure['package']} needs it."
    if ".so" in failure["text"]:
        return (
            f"{failure['package']} needs a library of the system: install it here and in the image."
        )
    return (
        f"Ask for a version of {failure['package']}, or of what it imports, that fits "
        "the others; or "
        "switch this off: [checks] importable = false."
    )


IMPORTABLE = ImportCheck(
    name="importable",
    summary="whether what is installed can be imported",
    tool=tools.APPLICATION_PYTHON,
    stage="build",
    needs=("install",),
    expected=3.0,
)
