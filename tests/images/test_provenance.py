"""What is said about an image: in-toto statements, OCI documents, and a verdict that counts."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shipway.images import oci
from shipway.images.provenance import (
    BuildFacts,
    is_passing_verdict,
    provenance_statement,
    statement,
    verdict_statement,
    verdict_summary,
)
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult

DIGEST = "sha256:" + "12" * 32
FACTS = BuildFacts(
    builder="buildah",
    source="https://example.org/town",
    revision="3f2a",
    dockerfile="Dockerfile",
    args={"PYTHON_IMAGE": "base"},
    base="base",
    base_digest="sha256:" + "34" * 32,
    run="run-1",
    started=1_700_000_000.7,
    finished=1_700_000_060.0,
)


def test_provenance_has_the_form_of_slsa_version_1() -> None:
    said = provenance_statement("host/town", DIGEST, FACTS, "0.1.0")
    assert (said["_type"], said["predicateType"]) == (
        "https://in-toto.io/Statement/v1",
        "https://slsa.dev/provenance/v1",
    )
    assert said["subject"] == [{"name": "host/town", "digest": {"sha256": "12" * 32}}]
    build = said["predicate"]["buildDefinition"]
    assert build["buildType"].startswith("https://") and build["externalParameters"]["args"]
    assert build["resolvedDependencies"] == [
        {"uri": "git+https://example.org/town", "digest": {"gitCommit": "3f2a"}},
        {"uri": "pkg:oci/base", "digest": {"sha256": "34" * 32}},
    ]
    run = said["predicate"]["runDetails"]
    assert run["builder"]["id"] and run["metadata"] == {
        "invocationId": "run-1",
        "startedOn": "2023-11-14T22:13:20Z",
        "finishedOn": "2023-11-14T22:14:20Z",
    }


def test_what_is_not_known_is_not_said() -> None:
    unknown = replace(FACTS, revision="", base_digest="")
    said = provenance_statement("host/town", DIGEST, unknown, "0.1.0")
    assert said["predicate"]["buildDefinition"]["resolvedDependencies"] == []


def results(*outcomes: Outcome) -> list[StepResult]:
    return [
        StepResult(step=f"step{n}", stage="test", outcome=one, reason="why")
        for n, one in enumerate(outcomes)
    ]


def test_a_verdict_is_passed_only_for_its_own_image_and_only_when_everything_passed() -> None:
    good = verdict_summary(
        "run", "1.0", results(Outcome.PASSED, Outcome.CACHED, Outcome.SKIPPED), 0
    )
    document = verdict_statement("host/town", DIGEST, good)
    assert is_passing_verdict(document, DIGEST)
    assert not is_passing_verdict(document, "sha256:" + "99" * 32)
    assert not is_passing_verdict(statement("other", "host/town", DIGEST, good), DIGEST)
    assert good["steps"][0] == {
        "step": "step0",
        "stage": "test",
        "outcome": "passed",
        "reason": "why",
    }


def test_a_run_in_which_something_was_unavailable_is_no_passed_verdict() -> None:
    said = verdict_summary("run", "1.0", results(Outcome.PASSED, Outcome.ERROR), 0)
    assert said["verdict"] == "incomplete"
    assert not is_passing_verdict(verdict_statement("host/town", DIGEST, said), DIGEST)
    assert verdict_summary("run", "1.0", [], 0)["verdict"] == "incomplete"


@given(st.lists(st.sampled_from("abcdef"), max_size=12))
def test_a_referrers_list_has_each_once_and_the_newest_last(names: list[str]) -> None:
    listed = oci.image_index([])
    for name in names:
        listed = oci.with_referrer(listed, oci.descriptor(oci.MANIFEST, name.encode()))
    found = [one["digest"] for one in listed["manifests"]]
    assert set(found) == {oci.digest_of(name.encode()) for name in names}
    assert len(found) == len(set(found))
    assert not names or found[-1] == oci.digest_of(names[-1].encode())


def test_the_same_document_has_the_same_bytes() -> None:
    assert (
        oci.encode_document({"b": 1, "a": [2]})
        == oci.encode_document({"a": [2], "b": 1})
        == b'{"a":[2],"b":1}'
    )


def test_a_referrer_names_its_subject_its_type_and_its_one_document() -> None:
    subject: oci.Descriptor = {
        **oci.descriptor(oci.MANIFEST, b"{}"),
        "annotations": {"not": "wanted"},
    }
    made = oci.referrer_manifest("application/x", b"text", subject, {})
    assert made["subject"] == {key: subject[key] for key in ("mediaType", "digest", "size")}
    assert (made["artifactType"], made["config"]["mediaType"]) == ("application/x", oci.EMPTY)
    assert [one["digest"] for one in made["layers"]] == [oci.digest_of(b"text")]
    assert json.loads(oci.encode_document(made)) == made
    assert oci.referrers_tag(DIGEST) == "sha256-" + "12" * 32
