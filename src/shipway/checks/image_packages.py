"""Known faults of an image's packages, by a folder of advisories: no network is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shipway.checks import tools
from shipway.checks.base import crashed
from shipway.checks.dependencies import fault
from shipway.checks.scanner import Scanner
from shipway.core.check import Output, Reading, Site
from shipway.core.config import Config
from shipway.core.errors import CannotRun
from shipway.core.finding import Finding
from shipway.core.gate import Measure

IMAGE = ".shipway/image"  # kept there by `shipway image build`; [application] image names another
_FETCH = "Fetch them: osv.dev publishes each ecosystem's advisories as one all.zip."


@dataclass(frozen=True)
class ImagePackages(Scanner):
    """Shipway's own program, `inside/match_image.py`."""

    def applies(self, config: Config) -> bool:
        """Where an image is made, or one is named."""
        return bool(config.application.dockerfile or config.application.image)

    def inputs(self, config: Config) -> tuple[str, ...]:
        """What the image is made from. It is looked at every time, whether this changed or not."""
        return ("**",)

    def argv(self, config: Config, site: Site) -> tuple[str, ...]:
        """The advisories and the image."""
        if not site.advisories:
            raise CannotRun(
                "no advisories were given",
                "Give a folder of advisories in OSV format: shipway run --advisories DIR.",
            )
        return (site.advisories, _image(config))

    def read(self, output: Output, config: Config, site: Site) -> Reading:
        """Every ecosystem of the image must have advisories. Their age is measured: the worst."""
        try:
            parts = json.loads(output.stdout)
            if "refused" in parts and output.code == 3:
                raise _refused(str(parts["refused"]), config)
            found = tuple(
                finding for name, part in parts.items() for finding in _findings(name, part, config)
            )
            counts = {name: int(part["packages"]) for name, part in parts.items()}
            ages = [float(part["age_days"] or 0) for part in parts.values()]
            lacking = [name for name, part in parts.items() if not int(part["advisories"])]
            unread = sorted({str(one) for part in parts.values() for one in part["unread"]})
        except (ValueError, KeyError, TypeError, AttributeError):
            raise crashed(output, self.name) from None
        if output.code:
            raise crashed(output, self.name)
        if not any(counts.values()):
            raise _refused("it has no packages", config)
        if unread:
            raise CannotRun(f"{len(unread)} of the advisories cannot be read: {unread[0]}", _FETCH)
        if lacking:
            raise CannotRun(f"{site.advisories} has no advisory for {lacking[0]}", _FETCH)
        measures = [Measure(f"packages of {name}", count) for name, count in counts.items()]
        return Reading(found, (Measure("advisories age", max(ages), "d"), *measures))


def _image(config: Config) -> str:
    return config.application.image or IMAGE


def _findings(ecosystem: str, part: Mapping[str, Any], config: Config) -> Iterator[Finding]:
    for match in part["matches"]:
        finding = fault("image-packages", match, config)
        remedy = finding.remedy
        if ecosystem != "PyPI" and match["fixed"]:
            remedy = (
                f"Build the image again, from a base with {match['name']} {match['fixed'][-1]} "
                "or later."
            )
        yield replace(
            finding, path=_image(config), line=0, remedy=remedy,
            message=f"{finding.message} (in the image: {match['place']})",
        )  # fmt: skip


def _refused(why: str, config: Config) -> CannotRun:
    image = _image(config)
    return CannotRun(
        f"the image {image} cannot be looked at: {why}",
        f"Build it: shipway image build; or save it there: docker save -o {image} NAME, or buildah "
        f"push NAME oci-archive:{image}; or switch it off: [checks] image-packages = false.",
    )


IMAGE_PACKAGES = ImagePackages(
    "image-packages", "known faults of an image's packages, by given advisories", tools.IMAGE,
    expected=3.0, max_age=0,
)  # fmt: skip
