"""Pushing to a registry that answers as Amazon ECR does, by the client that really pushes."""

from __future__ import annotations

import json
import random
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.clock import VirtualClock
from tests.fakes.ecr_registry import HOST, LEAST_PART, FakeEcrRegistry
from tests.images.handmade_images import Hour, layer, layout

from shipway.errors import CannotRun, ConfigError
from shipway.images import oci
from shipway.images.blob_upload import CHUNK, BlobUploader
from shipway.images.layout import OciLayout
from shipway.images.publish import Attestation, ImagePublisher, promote_image
from shipway.images.reference import ImageOrigin
from shipway.images.referrers import InMemoryBlobs, list_referrers
from shipway.images.registry import RegistryClient
from shipway.images.registry_auth import RegistryCredentials
from shipway.system.http import HttpRegistryTransport

LARGE = random.Random(1).randbytes(2 * CHUNK + (1 << 20))  # three chunks
DIGEST = oci.digest_of(LARGE)
ORIGIN = ImageOrigin("web", "1.0", "3f2a91c0" * 5, changed=False, moment=1_700_000_000)


def client(ecr: FakeEcrRegistry) -> RegistryClient:
    transport = HttpRegistryTransport(VirtualClock(), httpx.MockTransport(ecr), lambda: 0.5)
    return RegistryClient(
        ecr.reference,
        transport,
        RegistryCredentials("AWS", "first"),
        plain=False,
        renew=ecr.credentials,
    )


def send(ecr: FakeEcrRegistry, data: bytes = LARGE, chunk: int = CHUNK) -> bool:
    digest = oci.digest_of(data)
    uploader = BlobUploader(client(ecr), InMemoryBlobs({digest: data}), chunk=chunk)
    return uploader.send(digest, len(data), lambda _: None)


def publisher(ecr: FakeEcrRegistry, folder: Path, text: str = "hello") -> ImagePublisher:
    if not (folder / text).exists():
        made = layout(folder / text, [layer({"app.py": text.encode()}, Hour())], Hour())
        index = made / "index.json"
        (described,) = json.loads(index.read_text())["manifests"]
        index.write_text(json.dumps({"manifests": [{**described, "mediaType": oci.MANIFEST}]}))
    return ImagePublisher(
        client(ecr), OciLayout(str(folder / text)), VirtualClock(), lambda _: None
    )


def test_a_layer_of_more_than_a_chunk_arrives_although_each_chunk_is_answered_with_201() -> None:
    ecr = FakeEcrRegistry()
    assert send(ecr)
    assert ecr.blobs == {DIGEST: LARGE}


def test_our_own_offset_counts_where_the_range_is_stuck() -> None:
    ecr = FakeEcrRegistry()
    send(ecr)
    assert ecr.patches == [f"0-{CHUNK - 1}", f"{CHUNK}-{2 * CHUNK - 1}"]


@pytest.mark.parametrize("number", [1, 2])
def test_a_chunk_whose_answer_was_lost_is_not_sent_from_the_beginning(number: int) -> None:
    ecr = FakeEcrRegistry()
    ecr.lost = {number}
    assert send(ecr)
    assert ecr.blobs == {DIGEST: LARGE}
    assert len(ecr.patches) == 3  # one of them again, which is answered with 416
    assert [status for method, _, status in ecr.answers if method == "POST"] == [202]


def test_where_no_chunk_is_taken_the_blob_goes_in_one_piece() -> None:
    ecr = FakeEcrRegistry()
    assert send(ecr, LARGE[: 3 << 20], chunk=1 << 20)  # smaller than ECR takes
    assert len(ecr.sessions) == 0 and len(ecr.patches) == 4  # two tries in chunks
    assert CHUNK >= LEAST_PART


def test_a_token_that_expires_in_the_middle_of_an_upload_is_renewed() -> None:
    ecr = FakeEcrRegistry()
    ecr.spent = 3  # the look for it, the beginning, the first chunk
    assert send(ecr)
    assert ecr.blobs == {DIGEST: LARGE}
    assert 403 in [status for _, _, status in ecr.answers]


def test_a_token_that_nobody_can_renew_is_told_with_what_to_do() -> None:
    ecr = FakeEcrRegistry()
    ecr.spent = 0
    registry = RegistryClient(
        ecr.reference,
        HttpRegistryTransport(VirtualClock(), httpx.MockTransport(ecr), lambda: 0.5),
        RegistryCredentials("AWS", "first"),
        plain=False,
    )
    with pytest.raises(ConfigError, match="authorization token has expired") as caught:
        BlobUploader(registry, InMemoryBlobs({DIGEST: LARGE})).send(DIGEST, 1, lambda _: None)
    assert "Log in" in caught.value.remedy


@settings(max_examples=25, deadline=None)
@given(
    throttled=st.lists(st.sampled_from([429, 503]), max_size=4),
    lost=st.sets(st.integers(1, 3), max_size=2),
    spent=st.none() | st.integers(0, 8),
)
def test_whatever_goes_wrong_in_between_the_blob_arrives_whole(
    throttled: list[int], lost: set[int], spent: int | None
) -> None:
    ecr = FakeEcrRegistry()
    ecr.throttled, ecr.lost, ecr.spent = throttled, lost, spent
    assert send(ecr)
    assert ecr.blobs == {DIGEST: LARGE}


def test_throttling_is_waited_out_as_long_as_ecr_asks_for() -> None:
    ecr, clock = FakeEcrRegistry(), VirtualClock()
    ecr.throttled = [429, 503]
    transport = HttpRegistryTransport(clock, httpx.MockTransport(ecr), lambda: 0.0)
    registry = RegistryClient(
        ecr.reference, transport, RegistryCredentials("AWS", "first"), plain=False
    )
    began = clock.now()
    assert not registry.exists("1.0")
    assert clock.now() - began == 4.0  # Retry-After, twice


def test_a_layer_is_fetched_from_the_store_without_our_password() -> None:
    ecr = FakeEcrRegistry()
    ecr.blobs[DIGEST] = LARGE[: CHUNK // 2]
    digest = oci.digest_of(ecr.blobs[DIGEST])
    ecr.blobs[digest] = ecr.blobs.pop(DIGEST)
    assert client(ecr).blob(digest) == ecr.blobs[digest]


def test_the_same_image_twice_keeps_its_tags(tmp_path: Path) -> None:
    ecr = FakeEcrRegistry()
    for _ in range(2):
        publishing = publisher(ecr, tmp_path)
        publishing.push()
        assert publishing.tag(ORIGIN) == ["1.0", f"sha-{ORIGIN.commit[:12]}"]


THEIRS = oci.digest_of(b"{}")


class Late(FakeEcrRegistry):
    """Somebody else takes each tag between our look and our push."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        tag = request.url.path.rpartition("/")[2]
        if request.method == "PUT" and "/manifests/1.0" in request.url.path:
            self.tags.setdefault(tag, THEIRS)
            self.manifests[THEIRS] = (oci.MANIFEST, b"{}")
        return super().__call__(request)


def test_a_tag_that_somebody_else_took_meanwhile_stays_theirs(tmp_path: Path) -> None:
    ecr = Late()
    said: list[str] = []
    publishing = publisher(ecr, tmp_path)
    publishing = ImagePublisher(
        publishing.registry, publishing.layout, publishing.clock, said.append
    )
    publishing.push()
    assert publishing.tag(ORIGIN) == [f"sha-{ORIGIN.commit[:12]}"]
    assert "a tag like this never moves" in said[-1]
    assert ecr.tags["1.0"] == THEIRS


def test_an_environments_tag_moves_in_a_repository_of_ours(tmp_path: Path) -> None:
    ecr = FakeEcrRegistry()
    digests = []
    for text in ("one", "two"):
        publishing = publisher(ecr, tmp_path, text)
        digests.append(publishing.push().digest)
        promote_image(publishing.registry, digests[-1], "production")
    assert ecr.tags["production"] == digests[1]
    assert promote_image(client(ecr), digests[0], "production") == digests[1]


def test_a_repository_whose_environments_may_not_move_is_told_with_its_remedy(
    tmp_path: Path,
) -> None:
    ecr = FakeEcrRegistry(moving=())
    for text in ("one", "two"):
        publishing = publisher(ecr, tmp_path, text)
        digest = publishing.push().digest
        if text == "one":
            promote_image(publishing.registry, digest, "production")
    with pytest.raises(ConfigError, match="cannot be overwritten") as caught:
        promote_image(client(ecr), digest, "production")
    assert "infra apply bootstrap" in caught.value.remedy


def test_what_is_said_of_an_image_is_listed_by_ecr_itself(tmp_path: Path) -> None:
    ecr = FakeEcrRegistry()
    publishing = publisher(ecr, tmp_path)
    digest = publishing.push().digest
    publishing.attach([Attestation(oci.SBOM_TYPE, b"{}", "SBOM")])
    (only,) = list_referrers(client(ecr), digest, oci.SBOM_TYPE)
    assert only["artifactType"] == oci.SBOM_TYPE
    assert not [tag for tag in ecr.tags if tag.startswith("sha256-")]


def test_no_media_type_of_ours_has_parameters_which_ecr_refuses() -> None:
    kinds = [value for name, value in vars(oci).items() if name.isupper() and "/" in str(value)]
    assert kinds and not [kind for kind in kinds if ";" in str(kind)]


def test_the_password_goes_to_nobody_else(tmp_path: Path) -> None:
    asked: list[httpx.Request] = []
    ecr = FakeEcrRegistry()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return ecr(request)

    ecr.blobs[DIGEST] = LARGE
    transport = HttpRegistryTransport(VirtualClock(), httpx.MockTransport(answer), lambda: 0.5)
    registry = RegistryClient(
        ecr.reference, transport, RegistryCredentials("AWS", "first"), plain=False
    )
    with pytest.raises(CannotRun):  # larger than any document: cut, so that it is not the same
        registry.blob(DIGEST)
    hosts = {one.url.host for one in asked if "authorization" in one.headers}
    assert hosts == {HOST}
    assert json.dumps([str(one.url) for one in asked]).count("first") == 0
