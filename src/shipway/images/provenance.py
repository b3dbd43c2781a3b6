"""What is said about an image: how it was built, and what its run found.

Formats: in-toto Statement v1 (github.com/in-toto/attestation, spec/v1/statement.md) with the
predicate SLSA Provenance v1 (slsa.dev/spec/v1.0/provenance). They are not signed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from shipway.codec import JsonObject, JsonValue
from shipway.pipeline.outcome import verdict_of
from shipway.pipeline.result import StepResult

STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
VERDICT = "https://shipway.dev/verdict/v1"
BUILD_TYPE = "https://shipway.dev/image/v1"


@dataclass(frozen=True, kw_only=True)
class BuildFacts:
    """How an image was built. started, finished: seconds since the epoch.

    base: name and digest of the base image, "" where not known. run: the pipeline's run.
    """

    builder: str
    source: str
    revision: str
    dockerfile: str
    args: Mapping[str, str]
    base: str
    base_digest: str
    run: str
    started: float
    finished: float


class Subject(TypedDict):
    """An image, by the digits of its digest."""

    name: str
    digest: dict[str, str]


class Statement(TypedDict):
    """Something said about images; predicateType says what the predicate is."""

    _type: str
    subject: list[Subject]
    predicateType: str
    predicate: JsonObject


def statement(kind: str, name: str, digest: str, predicate: JsonObject) -> Statement:
    """A statement about one image."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": kind,
        "predicate": predicate,
    }


def provenance_statement(name: str, digest: str, facts: BuildFacts, shipway: str) -> Statement:
    """The SLSA statement. shipway: its version, which is the builder that answers for it."""
    source: JsonObject = {"uri": _uri(facts.source), "digest": {"gitCommit": facts.revision}}
    base: JsonObject = {
        "uri": f"pkg:oci/{facts.base}",
        "digest": {"sha256": facts.base_digest.removeprefix("sha256:")},
    }
    materials: list[JsonValue] = [source] if facts.revision else []
    materials += [base] if facts.base_digest else []
    return statement(
        PROVENANCE,
        name,
        digest,
        {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "source": facts.source,
                    "revision": facts.revision,
                    "dockerfile": facts.dockerfile,
                    "args": dict(facts.args),
                },
                "internalParameters": {"builder": facts.builder},
                "resolvedDependencies": materials,
            },
            "runDetails": {
                "builder": {"id": f"{BUILD_TYPE}/builder", "version": {"shipway": shipway}},
                "metadata": {
                    "invocationId": facts.run,
                    "startedOn": timestamp(facts.started),
                    "finishedOn": timestamp(facts.finished),
                },
            },
        },
    )


def verdict_statement(name: str, digest: str, predicate: JsonObject) -> Statement:
    """The statement on the run that the image came through."""
    return statement(VERDICT, name, digest, predicate)


def is_passing_verdict(document: Statement, digest: str) -> bool:
    """Whether a statement is a passed verdict on exactly this image."""
    subjects = [subject.get("digest", {}).get("sha256") for subject in document.get("subject", ())]
    return (
        document.get("predicateType") == VERDICT
        and digest.removeprefix("sha256:") in subjects
        and document.get("predicate", {}).get("verdict") == "passed"
    )


def timestamp(seconds: float) -> str:
    """A time as RFC 3339 writes it, in UTC."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _uri(source: str) -> str:
    return f"git+{source}" if source.startswith("https://") else source


# The verdict of the run that an image came through, as it is attached to the image.


def verdict_summary(
    run: str, release: str, results: Iterable[StepResult], now: float
) -> JsonObject:
    """What the run found. now: seconds since the epoch. results: of the steps that ended."""
    steps = sorted(results, key=lambda step: step.step)
    outcomes: list[JsonValue] = [
        {
            "step": step.step,
            "stage": step.stage,
            "outcome": str(step.outcome),
            **({"reason": step.reason} if step.reason else {}),
        }
        for step in steps
    ]
    verdict = verdict_of([step.outcome for step in steps])
    return {
        "verdict": str(verdict),
        "run": run,
        "release": release,
        "finishedOn": timestamp(now),
        "steps": outcomes,
    }
