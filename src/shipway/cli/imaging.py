"""`image build`, `image scan` and `image push` carried out. Each returns the exit code."""

from __future__ import annotations

import json as json_module
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from shipway import __version__
from shipway.cli.image_registry import Home, home
from shipway.cli.image_steps import site, told
from shipway.cli.importing import keep
from shipway.cli.performing import Performer
from shipway.cli.project import Project, open_project
from shipway.core.command_line import command_line
from shipway.core.errors import ConfigError
from shipway.core.images import oci
from shipway.core.images.provenance import provenance
from shipway.core.images.reference import is_digest
from shipway.core.images.weight import hold
from shipway.core.reports import findings_from
from shipway.effects.clock import SystemClock
from shipway.effects.git import head
from shipway.flows.findings import IMPORTED
from shipway.flows.pipeline import image_step
from shipway.images.build import Built, build, last
from shipway.images.layout import FOLDER, Layout
from shipway.images.origin import origin
from shipway.images.publishing import Document, Publishing, environment_tag, facts_of, promote

Say = Callable[[str], None]


def image_build(*, directory: str, json: bool) -> int:
    """Build, and say what it weighs; 1 where that is more than it may."""
    project = open_project(directory)
    say = _say(json=json)
    commit, _ = head(project.root)
    run = f"{SystemClock().now():.3f}-{os.getpid()}"
    perform = Performer(project, run, commit)
    place = site(perform.workshop({}), image_step(project.config))
    built = build(place, origin(project.root, project.config), run, say)
    gates = hold(built.weight, project.config.image)
    broken = [gate for gate in gates if not gate.passed]
    if json:
        print(json_module.dumps(_data(built, [gate.sentence for gate in broken]), indent=2))
    else:
        print("\n".join(told(built)))
        for gate in broken:
            print(f"too large: {gate.sentence}")
    return 1 if broken else 0


def image_scan(*, directory: str, json: bool) -> int:
    """Import what ECR found in the built image."""
    project = open_project(directory)
    built = last(project.state)
    here = home(project.config)
    if here.ecr is None:
        raise ConfigError(
            f"{here.registry.host} is not ECR, and scans nothing",
            "Look at the image here: shipway run image image-packages --advisories DIR.",
        )
    name = here.registry.place.repository
    timeout = project.config.image.scan_timeout
    report = here.ecr.scanned(name, built.digest, timeout, lambda: False)
    found = findings_from(report)
    place = str(here.registry.place.at(built.digest))
    keep(os.path.join(project.state, IMPORTED), "ecr", place, found)
    if json:
        print(json_module.dumps({"image": place, "findings": len(found)}, indent=2))
    else:
        judging = project.invocation().command(command_line("run", "findings"))
        print(f"{len(found)} findings in {place}; judged by: {judging}")
    return 0


def image_push(*, directory: str, image: str, to: str, json: bool) -> int:
    """Push what was built, or let an environment's tag name what is there."""
    project = open_project(directory)
    say = _say(json=json)
    if image and not (to and is_digest(image)):
        raise ConfigError(
            f"{image!r} is to be pushed to nowhere", "Name a digest (sha256:…) and --to ENV."
        )
    if to and to not in project.config.environments:
        raise ConfigError(
            f"there is no environment {to!r}",
            f"Known: {', '.join(project.config.environments) or 'none'}.",
        )
    here = home(project.config, make=True)
    facts = {"image": str(here.registry.place.at(image))} if image else _push(project, here, say)
    if to:
        digest = facts["image"].partition("@")[2]
        tag = environment_tag(to, project.config.application.version)
        facts["before"] = promote(here.registry, digest, tag)
        facts["environment"] = to
        say(f"{to} is {digest}")
    if json:
        print(json_module.dumps(facts, indent=2))
    else:
        print(facts["image"])
    return 0


def _push(project: Project, here: Home, say: Say) -> dict[str, Any]:
    built = last(project.state)
    layout = Layout(os.path.join(project.state, FOLDER))
    publishing = Publishing(here.registry, layout, SystemClock(), say)
    sent = publishing.push()
    place = str(here.registry.place.at(built.digest))
    publishing.attach(_documents(project, built, place))
    return facts_of(sent, publishing.tag(built.origin), place)


def _documents(project: Project, built: Built, place: str) -> list[Document]:
    """Provenance, and the SBOM of the release that was packaged from the same commit."""
    name = place.partition("@")[0]
    statement = oci.encoded(provenance(name, built.digest, built.facts, __version__))
    found = [Document(oci.STATEMENT_TYPE, statement, "provenance (SLSA v1)", built.facts.finished)]
    for one in project.record.packaged():
        sbom = project.blobs.get(one.release["sbom"]) if one.release.get("sbom") else None
        if sbom and one.commit == built.origin.commit and not built.origin.changed:
            return [Document(oci.SBOM_TYPE, sbom, "SBOM"), *found]
    return found


def _data(built: Built, broken: list[str]) -> dict[str, Any]:
    weight = built.weight
    return {
        "digest": built.digest, "builder": built.facts.builder, "origin": asdict(built.origin),
        "bytes": weight.unpacked, "compressed": weight.packed,
        "added": weight.added if weight.base_known else None,
        "layers": [asdict(one) for one in weight.layers], "packages": dict(weight.packages()),
        "broken": broken,
    }  # fmt: skip


def _say(*, json: bool) -> Say:
    stream = sys.stderr if json else sys.stdout
    return lambda line: print(line, file=stream, flush=True)
