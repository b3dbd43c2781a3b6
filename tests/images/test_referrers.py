"""Referrers where the registry knows the API, and where it answers with something else."""

from __future__ import annotations

import pytest

from shipway.core.errors import CannotRun
from shipway.core.images import oci
from shipway.core.images.exchange import Answer, Request
from shipway.core.images.reference import Reference
from shipway.effects.exchange import ScriptedExchange
from shipway.images.login import Credentials
from shipway.images.referrers import attach, referrers
from shipway.images.registry import Registry

SUBJECT = oci.descriptor(oci.MANIFEST, b"{}")
LISTED = oci.index([
    {"digest": "sha256:1", "artifactType": oci.SBOM_TYPE},
    {"digest": "sha256:2", "artifactType": oci.VERDICT_TYPE},
])  # fmt: skip


def registry(exchange: ScriptedExchange) -> Registry:
    return Registry(Reference("r.example", "town"), exchange, Credentials(), plain=False)


def test_a_registry_that_knows_the_subject_keeps_the_list_itself() -> None:
    def answer(request: Request) -> Answer:
        if request.method == "HEAD":
            return Answer(200, {})  # the blobs are there
        return Answer(201, {"oci-subject": SUBJECT["digest"]})

    exchange = ScriptedExchange(answer)
    digest = attach(registry(exchange), SUBJECT, oci.SBOM_TYPE, b"{}", {})
    (put,) = [one for one in exchange.asked if one.method == "PUT"]
    assert put.url.endswith(f"/manifests/{digest}") and oci.digest_of(put.data) == digest


def test_one_that_does_not_filter_is_filtered_for() -> None:
    exchange = ScriptedExchange(
        lambda _: Answer(200, {"content-type": oci.INDEX}, oci.encoded(LISTED))
    )
    (only,) = referrers(registry(exchange), SUBJECT["digest"], oci.VERDICT_TYPE)
    assert only["digest"] == "sha256:2"
    assert exchange.asked[0].url.endswith(
        f"/referrers/{SUBJECT['digest']}?artifactType=application%2Fvnd.shipway.verdict.v1%2Bjson"
    )


def test_one_that_errs_is_not_taken_for_one_without_referrers() -> None:
    with pytest.raises(CannotRun, match="answers 500"):
        referrers(registry(ScriptedExchange(lambda _: Answer(500, {}))), SUBJECT["digest"])
