"""Uploads that break: begun again, and given up with words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.fakes.http import ScriptedRegistryTransport
from tests.images.registries import client, unused

from shipway.errors import CannotRun, ConfigError, Unreachable
from shipway.images import oci
from shipway.images.blob_upload import BlobUploader
from shipway.images.reference import ImageReference
from shipway.images.referrers import InMemoryBlobs
from shipway.images.registry import RegistryClient
from shipway.images.registry_auth import RegistryCredentials
from shipway.system.http import RegistryRequest, RegistryResponse

DATA = b"0123456789"
DIGEST = oci.digest_of(DATA)
MISSING = RegistryResponse(404, {})


def sender(
    answer: Callable[[RegistryRequest], RegistryResponse],
) -> tuple[BlobUploader, ScriptedRegistryTransport]:
    exchange = ScriptedRegistryTransport(answer)
    place = RegistryClient(
        ImageReference("r.example", "town"), exchange, RegistryCredentials(), plain=False
    )
    return BlobUploader(place, InMemoryBlobs({DIGEST: DATA}), chunk=4), exchange


def test_an_upload_whose_session_is_lost_is_begun_again() -> None:
    sessions: list[str] = []

    def answer(request: RegistryRequest) -> RegistryResponse:
        if request.method == "HEAD":
            return MISSING
        if request.method == "POST":
            sessions.append(f"/up/{len(sessions)}")
            return RegistryResponse(202, {"location": sessions[-1]})
        if request.url.startswith("https://r.example/up/0") and request.method == "PUT":
            return RegistryResponse(404, {})
        if request.method == "PATCH":
            return RegistryResponse(202, {"location": request.url})
        return RegistryResponse(201, {})

    one, exchange = sender(answer)
    assert one.send(DIGEST, len(DATA), lambda _: None)
    assert len(sessions) == 2
    ranges = [r.headers["content-range"] for r in exchange.asked if "content-range" in r.headers]
    assert ranges == ["0-3", "4-7", "8-9"] * 2
    assert exchange.asked[-1].url.endswith(f"?digest=sha256%3A{DIGEST[7:]}")


@pytest.mark.parametrize(
    "broken",
    [
        RegistryResponse(416, {}),
        RegistryResponse(500, {}),
        RegistryResponse(404, {}),
        RegistryResponse(202, {}),
    ],
)
def test_after_three_lost_uploads_it_says_so(broken: RegistryResponse) -> None:
    begun: list[int] = []

    def answer(request: RegistryRequest) -> RegistryResponse:
        if request.method == "POST":
            begun.append(1)
            return RegistryResponse(202, {"location": "/up"})
        return MISSING if request.method == "HEAD" else broken

    one, _ = sender(answer)
    with pytest.raises(CannotRun) as caught:
        one.send(DIGEST, len(DATA), lambda _: None)
    assert len(begun) == 3 and "what has arrived is not sent twice" in caught.value.remedy


def test_who_may_not_write_is_told_at_once() -> None:
    def answer(request: RegistryRequest) -> RegistryResponse:
        said = b'{"errors":[{"code":"DENIED","message":"not yours"}]}'
        return MISSING if request.method == "HEAD" else RegistryResponse(403, {}, said)

    one, exchange = sender(answer)
    with pytest.raises(ConfigError, match="DENIED not yours"):
        one.send(DIGEST, len(DATA), lambda _: None)
    assert len(exchange.asked) == 2


def test_a_registry_that_errs_at_the_first_question_is_no_missing_blob() -> None:
    one, _ = sender(lambda _: RegistryResponse(500, {}, b"<html>broken</html>"))
    with pytest.raises(CannotRun, match="answers 500: <html>broken"):
        one.send(DIGEST, len(DATA), lambda _: None)


def test_a_registry_that_nobody_runs_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="did not answer for"):
        client(unused()).exists("1.0")
