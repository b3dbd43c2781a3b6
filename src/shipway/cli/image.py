"""`shipway image build`, `scan` and `push`: the words they take."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from shipway import __version__
from shipway.cli import arguments
from shipway.cli.arguments import add_json
from shipway.cli.image_registry import ImageRegistry, image_registry
from shipway.cli.image_steps import build_context, image_remarks
from shipway.cli.parser import Parser
from shipway.cli.project import Project, open_project
from shipway.cli.step_worker import StepWorker
from shipway.codec import JsonObject, to_plain
from shipway.errors import ConfigError
from shipway.findings.imports.report import scans_from
from shipway.findings.scan import IncompleteScan
from shipway.images import oci
from shipway.images.build import BuiltImage, build_image, last_image, read_origin
from shipway.images.layout import FOLDER, OciLayout
from shipway.images.provenance import provenance_statement
from shipway.images.publish import (
    Attestation,
    ImagePublisher,
    environment_tag,
    facts_of,
    promote_image,
)
from shipway.images.reference import is_digest
from shipway.images.size_budget import evaluate_size_budget
from shipway.pipeline.command_line import command_line
from shipway.pipeline.definition import image_step
from shipway.pipeline.imported_scans import keep_scan
from shipway.system.clock import SystemClock
from shipway.system.git import head_commit

# `image build`, `image scan` and `image push` carried out. Each returns the exit code.

Say = Callable[[str], None]


def image_build(*, directory: str, json: bool) -> int:
    """Build, and say what it weighs; 1 where that is more than it may."""
    project = open_project(directory)
    say = _say(json=json)
    commit, _ = head_commit(project.root)
    run = f"{SystemClock().now():.3f}-{os.getpid()}"
    worker = StepWorker(project, run, commit)
    context = build_context(worker.context, image_step(project.config))
    built = build_image(context, read_origin(project.root, project.config), run, say)
    gates = evaluate_size_budget(built.weight, project.config.image)
    broken = [gate for gate in gates if not gate.passed]
    if json:
        print(json_module.dumps(_data(built, [gate.sentence for gate in broken]), indent=2))
    else:
        print("\n".join(image_remarks(built)))
        for gate in broken:
            print(f"too large: {gate.sentence}")
    return 1 if broken else 0


def image_scan(*, directory: str, json: bool) -> int:
    """Import what ECR found in the built image."""
    project = open_project(directory)
    built = last_image(project.state)
    destination = image_registry(project.config)
    if destination.ecr is None:
        raise ConfigError(
            f"{destination.registry.host} is not ECR, and scans nothing",
            "Look at the image here: shipway run image image-packages --advisories DIR.",
            code="no-registry",
        )
    name = destination.registry.place.repository
    timeout = project.config.image.scan_timeout
    report = destination.ecr.scanned(name, built.digest, timeout, lambda: False)
    (scan,) = scans_from(report)
    findings = scan.findings
    reference = str(destination.registry.place.at(built.digest))
    keep_scan(project.state, scan, name=scan.name, source=reference, now=SystemClock().now())
    if scan.incomplete:
        raise IncompleteScan(f"the scan of {scan.name} is incomplete: {scan.incomplete}")
    if json:
        print(json_module.dumps({"image": reference, "findings": len(findings)}, indent=2))
    else:
        judging = project.invocation().command(command_line("run", "findings"))
        print(f"{len(findings)} findings in {reference}; judged by: {judging}")
    return 0


def image_push(*, directory: str, image: str, to: str, json: bool) -> int:
    """Push what was built, or let an environment's tag name what is there."""
    project = open_project(directory)
    say = _say(json=json)
    if image and not (to and is_digest(image)):
        raise ConfigError(
            f"{image!r} is to be pushed to nowhere",
            "Name a digest (sha256:…) and --to ENV.",
            code="no-registry",
        )
    if to and to not in project.config.environments:
        raise ConfigError(
            f"there is no environment {to!r}",
            f"Known: {', '.join(project.config.environments) or 'none'}.",
            code="unknown-name",
        )
    destination = image_registry(project.config, make=True)
    facts: JsonObject = (
        {"image": str(destination.registry.place.at(image))}
        if image
        else _imaging_push(project, destination, say)
    )
    if to:
        digest = str(facts["image"]).partition("@")[2]
        tag = environment_tag(to, project.config.application.version)
        facts["before"] = promote_image(destination.registry, digest, tag)
        facts["environment"] = to
        say(f"{to} is {digest}")
    if json:
        print(json_module.dumps(facts, indent=2))
    else:
        print(facts["image"])
    return 0


def _imaging_push(project: Project, destination: ImageRegistry, say: Say) -> JsonObject:
    built = last_image(project.state)
    layout = OciLayout(os.path.join(project.state, FOLDER))
    publishing = ImagePublisher(destination.registry, layout, SystemClock(), say)
    sent = publishing.push()
    reference = str(destination.registry.place.at(built.digest))
    publishing.attach(_documents(project, built, reference))
    facts: JsonObject = to_plain(facts_of(sent, publishing.tag(built.origin), reference))
    return facts


def _documents(project: Project, built: BuiltImage, reference: str) -> list[Attestation]:
    """Provenance, and the SBOM of the release that was packaged from the same commit."""
    name = reference.partition("@")[0]
    statement = oci.encode_document(
        provenance_statement(name, built.digest, built.facts, __version__)
    )
    attachments = [
        Attestation(oci.STATEMENT_TYPE, statement, "provenance (SLSA v1)", built.facts.finished)
    ]
    for one in project.record.packaged():
        known = str(one.release.get("sbom", ""))
        sbom = project.blobs.get(known) if known else None
        if sbom and one.commit == built.origin.commit and not built.origin.changed:
            return [Attestation(oci.SBOM_TYPE, sbom, "SBOM"), *attachments]
    return attachments


def _data(built: BuiltImage, broken: list[str]) -> dict[str, Any]:
    weight = built.weight
    return {
        "digest": built.digest,
        "builder": built.facts.builder,
        "origin": asdict(built.origin),
        "bytes": weight.unpacked,
        "compressed": weight.packed,
        "added": weight.added if weight.base_known else None,
        "layers": [asdict(layer) for layer in weight.layers],
        "packages": dict(weight.packages()),
        "broken": broken,
    }


def _say(*, json: bool) -> Say:
    stream = sys.stderr if json else sys.stdout
    return lambda line: print(line, file=stream, flush=True)


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("image", _image)


def _image(parser: Parser) -> None:
    """The application's image: build it, scan it, push it.

    Example: shipway image build
    """
    parser.add_command("build", _build, image_build)
    parser.add_command("scan", _scan, image_scan)
    parser.add_command("push", _push, image_push)


def _build(parser: Parser) -> None:
    """Build the image from the Dockerfile, the same commit to the same digest.

    Takes docker, podman or buildah, whichever works here (image.builder chooses), and only the
    files that git knows. It is kept as an OCI layout in .shipway/image. Exit code 1 when the
    build fails or the image is larger than [image] allows, 5 when nothing here can build.

    Example: shipway image build
    """
    add_json(parser)


def _scan(parser: Parser) -> None:
    """Take ECR's own findings on the built image into the findings table and its gates.

    Waits until the scan has ended (image.scan_timeout). For a look without AWS there is the
    check image-packages: shipway run image image-packages --advisories DIR.

    Example: shipway image scan && shipway run findings
    """
    add_json(parser)


def _push(parser: Parser) -> None:
    """Push the built image by digest: only what the registry lacks. Then its tags.

    The tags of version and commit never move; an environment's does (--to), and then nothing
    but the manifest is fetched. SBOM and provenance go with it as referrers. No verdict does:
    shipway run publish attaches that of the whole pipeline.

    Example: shipway image push --to staging
    """
    parser.add(
        "image",
        metavar="DIGEST",
        nargs="?",
        default="",
        help="With --to: one in the registry. Default: built.",
    )
    parser.add(
        "--to",
        metavar="ENV",
        default="",
        complete=arguments.complete_environments,
        help="Let an environment's tag name it.",
    )
    add_json(parser)
