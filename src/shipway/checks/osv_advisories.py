"""Known faults of the locked packages, by a folder of advisories: no network is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shipway.checks import tools
from shipway.checks.base import Scanner, tool_crashed
from shipway.checks.dependencies import DependencyCheck, no_packages, vulnerability_finding
from shipway.config.schema import Config
from shipway.errors import CannotRun
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput
from shipway.pipeline.gates import Measure

_FETCH_LOCK_ADVISORIES = "Fetch it again: osv.dev publishes PyPI's advisories as one all.zip."


@dataclass(frozen=True)
class Advisories(DependencyCheck):
    """Shipway's own program, `scripts/match_advisories.py`."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """The advisories and the lock file."""
        if not context.advisories:
            raise CannotRun(
                "no advisories were given",
                "Give a folder of advisories in OSV format: shipway run --advisories DIR.",
                code="advisories-missing",
            )
        return (context.advisories, config.application.lock)

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """How old the advisories are is measured; the limit is the team's."""
        try:
            report = json.loads(output.stdout)
            findings = [
                vulnerability_finding("advisories", match, config) for match in report["matches"]
            ]
            findings += [_unpinned(name, config) for name in report["unpinned"]]
            packages, advisories = int(report["packages"]), int(report["advisories"])
            unread, age = list(report["unread"]), float(report["age_days"] or 0)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, "advisories") from None
        if output.code:
            raise tool_crashed(output, "advisories")
        if len(report["unpinned"]) == packages:
            raise no_packages("advisories")
        if unread:
            shown = ", ".join(map(str, unread[:3]))
            raise CannotRun(
                f"{len(unread)} of the advisories cannot be read: {shown}",
                _FETCH_LOCK_ADVISORIES,
                code="advisories-missing",
            )
        if not advisories:
            raise CannotRun(
                f"{context.advisories} has no advisory for PyPI's packages",
                _FETCH_LOCK_ADVISORIES,
                code="advisories-missing",
            )
        return CheckResult(
            findings=tuple(findings), measures=(Measure("advisories age", age, "d"),)
        )


def _unpinned(name: str, config: Config) -> Finding:
    return Finding(
        tool="advisories",
        rule="not-pinned",
        severity=Severity.LOW,
        path=config.application.lock,
        line=0,
        message=f"{name} is not pinned to one version: no advisory can be matched",
        remedy="Pin it; `uv lock` pins everything.",
        kind=FindingKind.DEPENDENCY,
        package=str(name),
    )


ADVISORIES = Advisories(
    name="advisories",
    summary="known faults of locked packages, by given advisories",
    tool=tools.ADVISORIES,
    needs=(),
    expected=1.0,
    max_age=0,
)


# Known faults of an image's packages, by a folder of advisories: no network is asked.

IMAGE = ".shipway/image"  # kept there by `shipway image build`; [application] image names another
_FETCH_IMAGE_ADVISORIES = (
    "Fetch them: osv.dev publishes each ecosystem's advisories as one all.zip."
)


@dataclass(frozen=True)
class ImagePackages(Scanner):
    """Shipway's own program, `scripts/match_image.py`."""

    def applies(self, config: Config) -> bool:
        """Where an image is made, or one is named."""
        return bool(config.application.dockerfile or config.application.image)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """What the image is made from. It is looked at every time, whether this changed or not."""
        return ("**",)

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """The advisories and the image."""
        if not context.advisories:
            raise CannotRun(
                "no advisories were given",
                "Give a folder of advisories in OSV format: shipway run --advisories DIR.",
                code="advisories-missing",
            )
        return (context.advisories, _image(config))

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """Every ecosystem of the image must have advisories. Their age is measured: the worst."""
        try:
            parts = json.loads(output.stdout)
            if "refused" in parts and output.code == 3:
                raise _refused(str(parts["refused"]), config)
            findings = tuple(
                finding for name, part in parts.items() for finding in _findings(name, part, config)
            )
            counts = {name: int(part["packages"]) for name, part in parts.items()}
            ages = [float(part["age_days"] or 0) for part in parts.values()]
            lacking = [name for name, part in parts.items() if not int(part["advisories"])]
            unread = sorted({str(path) for part in parts.values() for path in part["unread"]})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise tool_crashed(output, self.name) from None
        if output.code:
            raise tool_crashed(output, self.name)
        if not any(counts.values()):
            raise _refused("it has no packages", config)
        if unread:
            raise CannotRun(
                f"{len(unread)} of the advisories cannot be read: {unread[0]}",
                _FETCH_IMAGE_ADVISORIES,
                code="advisories-missing",
            )
        if lacking:
            raise CannotRun(
                f"{context.advisories} has no advisory for {lacking[0]}",
                _FETCH_IMAGE_ADVISORIES,
                code="advisories-missing",
            )
        measures = [Measure(f"packages of {name}", count) for name, count in counts.items()]
        return CheckResult(
            findings=findings, measures=(Measure("advisories age", max(ages), "d"), *measures)
        )


def _image(config: Config) -> str:
    return config.application.image or IMAGE


def _findings(ecosystem: str, part: Mapping[str, Any], config: Config) -> Iterator[Finding]:
    for match in part["matches"]:
        finding = vulnerability_finding("image-packages", match, config)
        remedy = finding.remedy
        if ecosystem != "PyPI" and match["fixed"]:
            remedy = (
                f"Build the image again, from a base with {match['name']} {match['fixed'][-1]} "
                "or later."
            )
        yield replace(
            finding,
            path=_image(config),
            line=0,
            remedy=remedy,
            message=f"{finding.message} (in the image: {match['place']})",
        )


def _refused(why: str, config: Config) -> CannotRun:
    image = _image(config)
    return CannotRun(
        f"the image {image} cannot be looked at: {why}",
        f"Build it: shipway image build; or save it there: docker save -o {image} NAME, or buildah "
        f"push NAME oci-archive:{image}; or switch it off: [checks] image-packages = false.",
        code="nothing-to-scan",
    )


IMAGE_PACKAGES = ImagePackages(
    name="image-packages",
    summary="known faults of an image's packages, by given advisories",
    tool=tools.IMAGE,
    expected=3.0,
    max_age=0,
)
