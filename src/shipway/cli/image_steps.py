"""The pipeline's steps `image` and `publish`, as their work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from shipway import __version__
from shipway.cli.deploying import release_from
from shipway.cli.image_registry import Home, home
from shipway.core.errors import CannotRun
from shipway.core.finding import Finding
from shipway.core.gate import GateResult
from shipway.core.images import oci
from shipway.core.images.provenance import provenance, verdict
from shipway.core.images.verdict import said_of
from shipway.core.images.weight import amount, hold, measures, worst
from shipway.core.outcome import Outcome
from shipway.core.ports import OnOutput
from shipway.core.release import SBOM_FILE, Release
from shipway.core.result import StepResult
from shipway.core.step import Step
from shipway.effects.clock import SystemClock
from shipway.effects.files import Tree
from shipway.flows.workshop import Action, Workshop
from shipway.images.build import BuildFailed, Built, Site, build, last
from shipway.images.layout import FOLDER, Layout
from shipway.images.origin import origin
from shipway.images.publishing import Document, Publishing, facts_of

if TYPE_CHECKING:
    from shipway.cli.project import Project


def site(shop: Workshop, step: Step) -> Site:
    """Where a step builds."""
    return Site(
        shop.root, shop.state, shop.config, Tree(shop.root, {}).listing(), shop.processes,
        SystemClock(), shop.env(step), shop.secrets, shop.stopping,
    )  # fmt: skip


def image(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    """Build the image, and hold its budget."""
    try:
        built = build(
            site(shop, step), origin(shop.root, shop.config), os.path.basename(shop.out), on_output
        )
    except BuildFailed as problem:
        return StepResult(
            step.name, step.stage, Outcome.FAILED, reason=problem.message, remedy=problem.remedy
        )
    for line in told(built):
        on_output(line)
    return weighed(StepResult(
        step.name, step.stage, Outcome.PASSED,
        facts={"digest": built.digest, "builder": built.facts.builder},
    ), built, shop)  # fmt: skip


def weighed(result: StepResult, built: Built, shop: Workshop) -> StepResult:
    """The result with the image's measures and the budget's gates."""
    gates = hold(built.weight, shop.config.image)
    broken = [gate for gate in gates if not gate.passed]
    return replace(
        result, measures=measures(built.weight), gates=gates,
        outcome=Outcome.FAILED if broken else result.outcome,
        reason=broken[0].sentence if broken else "",
        remedy="Leave out what the application does not need, or raise the limit in [image]."
        if broken else "",
    )  # fmt: skip


def told(built: Built) -> list[str]:
    """What is worth reading about an image."""
    weight = built.weight
    lines = [
        f"{built.digest}",
        f"{amount(weight.unpacked)} in {len(weight.layers)} layers, "
        f"{amount(weight.packed)} compressed; {amount(weight.added)} above the base"
        + ("" if weight.base_known else " (which is not known)"),
    ]
    return [*lines, *(f"largest: {one}" for one in worst(weight))]


def publish_action(project: Project) -> Action:
    """Push by digest, attach what is known, and tag. The release is then known to have an image."""

    def act(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
        release = _release(shop)
        built = _built(shop)
        here = home(shop.config, make=True)
        if here.made:
            on_output(f"{here.registry.place}: made")
        publishing = Publishing(
            here.registry, Layout(os.path.join(shop.state, FOLDER)), SystemClock(), on_output
        )
        sent = publishing.push()
        found = scanned(here, built.digest, shop)
        gates = judged(found, shop)
        broken = [gate for gate in gates if not gate.passed]
        place = str(here.registry.place.at(built.digest))
        if broken:
            return StepResult(
                step.name, step.stage, Outcome.FAILED, findings=found, gates=gates,
                reason=f"ECR's scan of {place}: {broken[0].sentence}",
                remedy="Mend them, or waive one ([[waivers]]); the image got no tag.",
            )  # fmt: skip
        publishing.attach(documents(built, release, place, shop))
        tags = publishing.tag(built.origin)
        on_output(f"published {place} as {', '.join(tags)}")
        carrying = replace(release, image=place)
        project.record.put_memo(f"image {release.digest}", place)
        return StepResult(
            step.name, step.stage, Outcome.PASSED, findings=found, gates=gates,
            facts={**facts_of(sent, tags, place), "release": asdict(carrying)},
        )  # fmt: skip

    return act


def _release(shop: Workshop) -> Release:
    packaged = shop.upstream.get("package")
    if packaged is None or "release" not in packaged.facts:
        raise CannotRun("there is no release to publish", "The step package makes it.")
    return release_from(packaged.facts["release"])


def _built(shop: Workshop) -> Built:
    """The image of this working tree; raises CannotRun where the last one is another's."""
    made = shop.upstream.get("image")
    built = last(shop.state)
    if made is not None and made.facts.get("digest") != built.digest:
        raise CannotRun("there is no image to publish", "See why the step image did not pass.")
    if built.origin != origin(shop.root, shop.config):
        raise CannotRun(
            "the image that is here was built from other files", "Build it: shipway run image."
        )
    return built


def scanned(here: Home, digest: str, shop: Workshop) -> tuple[Finding, ...]:
    """ECR's own findings, where the registry is ECR and its scan is wanted."""
    settings = shop.config.image
    if here.ecr is None or not settings.registry_scan:
        return ()
    from shipway.core.reports import findings_from

    name = here.registry.place.repository
    return findings_from(here.ecr.scanned(name, digest, settings.scan_timeout, shop.stopping))


def judged(found: Sequence[Finding], shop: Workshop) -> tuple[GateResult, ...]:
    """The gates of the findings, after the configuration's waivers."""
    if not found:
        return ()
    from shipway.core.finding_gates import hold as hold_findings
    from shipway.core.merging import merge
    from shipway.core.waiving import Placed, waive

    waivers = [Placed(waiver, "shipway.toml") for waiver in shop.config.waivers]
    today = datetime.fromtimestamp(shop.now(), UTC).date()
    return hold_findings(shop.config.gates.findings, waive(merge(found), waivers, today))


def documents(built: Built, release: Release, place: str, shop: Workshop) -> list[Document]:
    """What is said about the image: its SBOM where there is one, provenance, the run's verdict."""
    said = said_of(built.facts.run, release.name, shop.upstream.values(), shop.now())
    built_by = provenance(place.partition("@")[0], built.digest, built.facts, __version__)
    told_by = verdict(place.partition("@")[0], built.digest, said)
    found = [
        Document(
            oci.STATEMENT_TYPE, oci.encoded(built_by), "provenance (SLSA v1)", built.facts.finished
        ),
        Document(oci.VERDICT_TYPE, oci.encoded(told_by), f"verdict: {said['verdict']}", shop.now()),
    ]
    sbom = shop.blobs.get(release.sbom) if release.sbom else None
    if sbom:
        found.insert(0, Document(oci.SBOM_TYPE, sbom, f"SBOM ({SBOM_FILE})"))
    return found
