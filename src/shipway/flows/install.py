"""The actions that make the application's environment and its release."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict

from shipway.core.errors import ConfigError
from shipway.core.migrations import heads
from shipway.core.outcome import Outcome
from shipway.core.ports import MANIFEST_FILE, OnOutput
from shipway.core.release import SBOM_FILE, Release
from shipway.core.result import StepResult
from shipway.core.step import Step
from shipway.effects.copying import copy_files
from shipway.effects.files import Tree
from shipway.flows.environment import alone, environment, lock_digest, outdated
from shipway.flows.manifest import damage, manifest
from shipway.flows.schema import scripts
from shipway.flows.workshop import Workshop


def install(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    """The environment for checks and tests, from the lock file with its development part."""
    if changed := outdated(shop.root, shop.config.application.lock):
        return StepResult(
            step.name, step.stage, Outcome.FAILED,
            reason=f"{changed} changed since {shop.config.application.lock} was resolved from it",
            remedy="Resolve it again: shipway init --relock.",
        )  # fmt: skip
    python = environment(step, shop, on_output, development=True)
    return StepResult(
        step.name, step.stage, Outcome.PASSED, facts={"python": python, "paths": [python]}
    )


def package(step: Step, shop: Workshop, on_output: OnOutput) -> StepResult:
    """An immutable copy of the application's files, named by their content."""
    python = environment(step, shop, on_output, development=False)
    tree = Tree(shop.root, {})
    found = tree.fingerprints(step.inputs)
    files = {path: value for path, value in found.items() if value != "special"}
    if not files:
        raise ConfigError(
            "no file belongs to the release", "Look at the patterns in [application] release."
        )
    application = shop.config.application
    lock = lock_digest(shop)
    content = "\n".join(f"{path}\0{value}" for path, value in files.items())
    identity = "\n".join((application.name, application.version, lock, content))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
    path = os.path.join(shop.state, "releases", digest[:32])
    listed = manifest(files)
    with alone(shop):
        _copy(shop.root, files, path, listed)
    release = Release(
        application.name, application.version, shop.commit, digest, lock,
        heads(scripts(path)), path, python, _sbom(shop),
    )  # fmt: skip
    known = f"SBOM {release.sbom[:12]}" if release.sbom else "no SBOM"
    on_output(f"release {release.name}: {len(files)} files, {known}")
    return StepResult(
        step.name, step.stage, Outcome.PASSED,
        facts={"release": asdict(release), "paths": [path, python]},
        reports={
            MANIFEST_FILE: shop.blobs.put(listed),
            **({SBOM_FILE: release.sbom} if release.sbom else {}),
        },
    )  # fmt: skip


def _copy(root: str, files: Mapping[str, str], path: str, listed: bytes) -> None:
    """Have the release's files there, whole. What is damaged makes way for them."""
    if not damage(path, listed):
        os.utime(path)  # wanted again: nothing that cleans up takes it away meanwhile
        return
    aside = f"{path}.damaged"
    if os.path.isdir(path):
        shutil.rmtree(aside, ignore_errors=True)
        os.rename(path, aside)
    copy_files(root, list(files), path)
    shutil.rmtree(aside, ignore_errors=True)


def _sbom(shop: Workshop) -> str:
    """The digest of the list that the step sbom wrote, if there is that step and it could."""
    written = shop.upstream.get("sbom")
    return written.reports.get(SBOM_FILE, "") if written else ""
