"""The pipeline's steps `image` and `publish`, as their work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from shipway import __version__
from shipway.cli.image_registry import ImageRegistry, image_registry
from shipway.cli.project import Project
from shipway.codec import to_plain
from shipway.errors import CannotRun
from shipway.findings.deduplication import deduplicate
from shipway.findings.finding import Finding
from shipway.findings.imports.report import findings_from
from shipway.findings.waivers import LocatedWaiver, apply_waivers
from shipway.images import oci
from shipway.images.build import (
    BuildContext,
    BuildFailed,
    BuiltImage,
    build_image,
    last_image,
    read_origin,
)
from shipway.images.layout import FOLDER, OciLayout
from shipway.images.provenance import provenance_statement, verdict_statement, verdict_summary
from shipway.images.publish import Attestation, ImagePublisher, facts_of
from shipway.images.size_budget import evaluate_size_budget, largest_parts, megabytes, size_measures
from shipway.pipeline.gates import GateResult, evaluate_finding_gates
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step
from shipway.pipeline.step_context import Action, StepContext
from shipway.ports import OnOutput
from shipway.releases.release import SBOM_FILE, Release, release_from
from shipway.system.clock import SystemClock
from shipway.system.files import FileTree


def build_context(context: StepContext, step: Step) -> BuildContext:
    """Where a step builds. Raises CannotRun where the files are not all here."""
    tree = FileTree(context.root, {})
    tree.require_whole(("**",))
    return BuildContext(
        root=context.root,
        state=context.state,
        config=context.config,
        files=tree.listing(),
        processes=context.processes,
        clock=SystemClock(),
        env=context.env(step),
        secrets=context.secrets,
        stopping=context.stopping,
    )


def build_step(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
    """Build the image, and hold its budget."""
    try:
        built = build_image(
            build_context(context, step),
            read_origin(context.root, context.config),
            os.path.basename(context.out),
            on_output,
        )
    except BuildFailed as problem:
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.FAILED,
            reason=problem.message,
            remedy=problem.remedy,
            code=problem.code,
        )
    for line in image_remarks(built):
        on_output(line)
    return with_size_budget(
        StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.PASSED,
            facts={"digest": built.digest, "builder": built.facts.builder},
        ),
        built,
        context,
    )


def with_size_budget(result: StepResult, built: BuiltImage, context: StepContext) -> StepResult:
    """The result with the image's measures and the budget's gates."""
    gates = evaluate_size_budget(built.weight, context.config.image)
    broken = [gate for gate in gates if not gate.passed]
    return replace(
        result,
        measures=size_measures(built.weight),
        gates=gates,
        outcome=Outcome.FAILED if broken else result.outcome,
        reason=broken[0].sentence if broken else "",
        remedy="Leave out what the application does not need, or raise the limit in [image]."
        if broken
        else "",
    )


def image_remarks(built: BuiltImage) -> list[str]:
    """What is worth reading about an image."""
    weight = built.weight
    lines = [
        f"{built.digest}",
        f"{megabytes(weight.unpacked)} in {len(weight.layers)} layers, "
        f"{megabytes(weight.packed)} compressed; {megabytes(weight.added)} above the base"
        + ("" if weight.base_known else " (which is not known)"),
    ]
    return [*lines, *(f"largest: {layer}" for layer in largest_parts(weight))]


def publish_step(project: Project) -> Action:
    """Push by digest, attach what is known, and tag. The release is then known to have an image."""

    def act(step: Step, context: StepContext, on_output: OnOutput) -> StepResult:
        release = _release(context)
        built = _built(context)
        destination = image_registry(context.config, make=True)
        if destination.made:
            on_output(f"{destination.registry.place}: made")
        publishing = ImagePublisher(
            destination.registry,
            OciLayout(os.path.join(context.state, FOLDER)),
            SystemClock(),
            on_output,
        )
        sent = publishing.push()
        findings = ecr_findings(destination, built.digest, context)
        gates = judge_findings(findings, context)
        broken = [gate for gate in gates if not gate.passed]
        reference = str(destination.registry.place.at(built.digest))
        if broken:
            return StepResult(
                step=step.name,
                stage=step.stage,
                outcome=Outcome.FAILED,
                findings=findings,
                gates=gates,
                reason=f"ECR's scan of {reference}: {broken[0].sentence}",
                remedy="Mend them, or waive one ([[waivers]]); the image got no tag.",
            )
        publishing.attach(attestation_documents(built, release, reference, context))
        tags = publishing.tag(built.origin)
        on_output(f"published {reference} as {', '.join(tags)}")
        carrying = replace(release, image=reference)
        project.record.put_memo(f"image {release.digest}", reference)
        return StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.PASSED,
            findings=findings,
            gates=gates,
            facts={
                **facts_of(sent, tags, reference),
                "release": to_plain(asdict(carrying)),
            },
        )

    return act


def _release(context: StepContext) -> Release:
    packaged = context.upstream.get("package")
    if packaged is None or "release" not in packaged.facts:
        raise CannotRun(
            "there is no release to publish", "The step package makes it.", code="no-release"
        )
    return release_from(packaged.facts["release"])


def _built(context: StepContext) -> BuiltImage:
    """The image of this working tree; raises CannotRun where the last one is another's."""
    image = context.upstream.get("image")
    built = last_image(context.state)
    if image is not None and image.facts.get("digest") != built.digest:
        raise CannotRun(
            "there is no image to publish", "See why the step image did not pass.", code="no-image"
        )
    if built.origin != read_origin(context.root, context.config):
        raise CannotRun(
            "the image that is here was built from other files",
            "Build it: shipway run image.",
            code="no-image",
        )
    return built


def ecr_findings(
    destination: ImageRegistry, digest: str, context: StepContext
) -> tuple[Finding, ...]:
    """ECR's own findings, where the registry is ECR and its scan is wanted."""
    settings = context.config.image
    if destination.ecr is None or not settings.registry_scan:
        return ()

    name = destination.registry.place.repository
    return findings_from(
        destination.ecr.scanned(name, digest, settings.scan_timeout, context.stopping)
    )


def judge_findings(findings: Sequence[Finding], context: StepContext) -> tuple[GateResult, ...]:
    """The gates of the findings, after the configuration's waivers."""
    if not findings:
        return ()

    waivers = [LocatedWaiver(waiver, "shipway.toml") for waiver in context.config.waivers]
    today = datetime.fromtimestamp(context.now(), UTC).date()
    return evaluate_finding_gates(
        context.config.gates.findings, apply_waivers(deduplicate(findings), waivers, today)
    )


def attestation_documents(
    built: BuiltImage, release: Release, reference: str, context: StepContext
) -> list[Attestation]:
    """What is said about the image: its SBOM where there is one, provenance, the run's verdict."""
    predicate = verdict_summary(
        built.facts.run, release.name, context.upstream.values(), context.now()
    )
    built_by = provenance_statement(
        reference.partition("@")[0], built.digest, built.facts, __version__
    )
    told_by = verdict_statement(reference.partition("@")[0], built.digest, predicate)
    attachments = [
        Attestation(
            oci.STATEMENT_TYPE,
            oci.encode_document(built_by),
            "provenance (SLSA v1)",
            built.facts.finished,
        ),
        Attestation(
            oci.VERDICT_TYPE,
            oci.encode_document(told_by),
            f"verdict: {predicate['verdict']}",
            context.now(),
        ),
    ]
    sbom = context.tool_texts.get(release.sbom) if release.sbom else None
    if sbom:
        attachments.insert(0, Attestation(oci.SBOM_TYPE, sbom, f"SBOM ({SBOM_FILE})"))
    return attachments
