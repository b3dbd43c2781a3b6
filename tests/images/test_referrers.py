"""Referrers where the registry knows the API, and where it answers with something else."""

from __future__ import annotations

import pytest
from tests.fakes.http import ScriptedRegistryTransport

from shipway.errors import CannotRun
from shipway.images import oci
from shipway.images.reference import ImageReference
from shipway.images.referrers import attach_document, list_referrers
from shipway.images.registry import RegistryClient
from shipway.images.registry_auth import RegistryCredentials
from shipway.system.http import RegistryRequest, RegistryResponse

SUBJECT = oci.descriptor(oci.MANIFEST, b"{}")
LISTED = oci.image_index(
    [
        {"digest": "sha256:1", "artifactType": oci.SBOM_TYPE},
        {"digest": "sha256:2", "artifactType": oci.VERDICT_TYPE},
    ]
)


def registry(exchange: ScriptedRegistryTransport) -> RegistryClient:
    return RegistryClient(
        ImageReference("r.example", "town"), exchange, RegistryCredentials(), plain=False
    )


def test_a_registry_that_knows_the_subject_keeps_the_list_itself() -> None:
    def answer(request: RegistryRequest) -> RegistryResponse:
        if request.method == "HEAD":
            return RegistryResponse(200, {})  # the blobs are there
        return RegistryResponse(201, {"oci-subject": SUBJECT["digest"]})

    exchange = ScriptedRegistryTransport(answer)
    digest = attach_document(registry(exchange), SUBJECT, oci.SBOM_TYPE, b"{}", {})
    (put,) = [one for one in exchange.asked if one.method == "PUT"]
    assert put.url.endswith(f"/manifests/{digest}") and oci.digest_of(put.data) == digest


def test_one_that_does_not_filter_is_filtered_for() -> None:
    exchange = ScriptedRegistryTransport(
        lambda _: RegistryResponse(200, {"content-type": oci.INDEX}, oci.encode_document(LISTED))
    )
    (only,) = list_referrers(registry(exchange), SUBJECT["digest"], oci.VERDICT_TYPE)
    assert only["digest"] == "sha256:2"
    assert exchange.asked[0].url.endswith(
        f"/referrers/{SUBJECT['digest']}?artifactType=application%2Fvnd.shipway.verdict.v1%2Bjson"
    )


def test_one_that_errs_is_not_taken_for_one_without_referrers() -> None:
    with pytest.raises(CannotRun, match="answers 500"):
        list_referrers(
            registry(ScriptedRegistryTransport(lambda _: RegistryResponse(500, {}))),
            SUBJECT["digest"],
        )
