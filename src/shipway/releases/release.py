"""A release: what can be deployed. Immutable, named by its content."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shipway.codec import DocumentFormat, JsonObject
from shipway.pipeline.outcome import Verdict
from shipway.pipeline.result import RunResult, StepFacts
from shipway.pipeline.step import PROVING_STAGES

SBOM_FILE = "sbom.cdx.json"  # the report of the step sbom, and of the release that carries it


@dataclass(frozen=True, kw_only=True)
class Release:
    """What can be deployed.

    digest: SHA-256 over the files, the lock and the names below: the release's identity.
    name: what people read, `version+commit` and the digest's first characters.
    lock: digest of the lock file; releases of the same lock share one environment.
    migrations: the schema heads that this release's migrations lead to.
    path: the folder of its files; python: the interpreter of its environment.
    sbom: digest of its software bill of materials, which is kept in the store of blobs; "" where
    none was made. It is no part of the identity: it tells when it was written.
    image: where its image is published, by digest (`registry/repository@sha256:…`); "" where it
    has none.
    """

    application: str
    version: str
    commit: str
    digest: str
    lock: str
    migrations: tuple[str, ...]
    path: str
    python: str
    sbom: str = ""
    image: str = ""

    @property
    def name(self) -> str:
        """`1.4.0+3f2a91c.8c1d02`: the version, the commit, the start of the digest."""
        commit = self.commit[:7] or "nocommit"
        version = re.sub(r"[^0-9A-Za-z.]", ".", self.version) or "0"
        return f"{version}+{commit}.{self.digest[:6]}"


RELEASE = DocumentFormat(Release, "the release")


def release_from(fields: JsonObject) -> Release:
    """A release from a step's facts. Raises RecordError."""
    return RELEASE.from_object(fields, "the record, what was packaged")


def release_fields(release: Release) -> dict[str, object]:
    """A release as the record keeps it: with its name, for whoever only lists them."""
    return {**RELEASE.fields(release), "name": release.name}


# Whether a release has passed: the verdict that travels with it.


def find_passing_run(
    digest: str, runs: Iterable[RunResult], steps: Iterable[tuple[str, str]], *, strict: bool
) -> tuple[str, str]:
    """The run that proves a release of this digest, and why none does; one of them is "".

    runs: newest first. The newest that packaged exactly this digest and had every proving step
    decides; one of fewer steps proves less, and is passed over. steps: (name, stage) of the
    pipeline as it is. strict: whether an incomplete run is a failure.
    """
    required = {name for name, stage in steps if stage in PROVING_STAGES}
    partial = selected = False
    for run in runs:
        if not any(_packaged(step.facts, digest) for step in run.steps):
            continue
        missing = required - {step.step for step in run.steps}
        if missing or any(step.facts.get("partial") for step in run.steps):
            partial = True
            continue
        good = run.verdict is Verdict.PASSED or (run.verdict is Verdict.INCOMPLETE and not strict)
        if good and strict and any(step.facts.get("selected") for step in run.steps):
            selected = True
            continue
        if good:
            return run.run, ""
        return "", f"the last whole run that packaged it ended {run.verdict.value}"
    if selected:
        return "", "only the tests that the last change reaches ran for it (--all-tests runs all)"
    return "", (
        "only a part of the pipeline ran for it" if partial else "no run on record packaged it"
    )


def _packaged(facts: StepFacts, digest: str) -> bool:
    release = facts.get("release")
    return release is not None and release.get("digest") == digest
