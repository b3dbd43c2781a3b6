"""The registry's client against Debian's docker-registry: manifests, tags, blobs, referrers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.images.manifests import image
from tests.images.registries import client, running

from shipway.errors import CannotRun, ConfigError
from shipway.images import oci
from shipway.images.blob_upload import BlobUploader
from shipway.images.referrers import InMemoryBlobs, attach_document, list_referrers, read_documents
from shipway.images.registry_auth import RegistryCredentials

# htpasswd -nbB town secret-of-the-town
_HASHED = "town:$2b$12$jb/jJaY.SurVPtXdqn5ZQO4hXQZ.ECq38pxAK32YHvblUA46Nnyny\n"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("registry")) as place:
        yield place


def test_an_image_is_kept_by_digest_and_has_the_tags_that_it_is_given(host: str) -> None:
    registry = client(host, "kept/town")
    data = image(registry, b"one", b"two")
    registry.put_manifest(data, oci.MANIFEST)
    digest = oci.digest_of(data)
    assert registry.exists(digest) and not registry.exists("1.0")
    registry.put_manifest(data, oci.MANIFEST, "1.0")
    assert (registry.digest("1.0"), registry.tags()) == (digest, ("1.0",))
    fetched = registry.manifest("1.0")
    assert (fetched.data, fetched.digest, fetched.media_type) == (data, digest, oci.MANIFEST)
    assert fetched.descriptor == oci.descriptor(oci.MANIFEST, data)
    assert registry.blob(oci.digest_of(b"one")) == b"one"


def test_what_is_there_is_not_sent_again(host: str) -> None:
    registry = client(host, "again")
    sender = BlobUploader(registry, InMemoryBlobs({oci.digest_of(b"layer"): b"layer"}))
    told: list[int] = []
    assert sender.send(oci.digest_of(b"layer"), 5, told.append)
    assert not sender.send(oci.digest_of(b"layer"), 5, told.append)
    assert told == [5]


def test_a_large_blob_goes_in_chunks(host: str) -> None:
    data = os.urandom(2_500_000)
    digest = oci.digest_of(data)
    registry = client(host, "chunks")
    told: list[int] = []
    BlobUploader(registry, InMemoryBlobs({digest: data}), chunk=1_000_000).send(
        digest, len(data), told.append
    )
    assert told == [1_000_000, 1_000_000, 500_000]
    assert registry.blob(digest) == data


def test_a_blob_that_another_repository_has_is_mounted_and_not_sent(host: str) -> None:
    data = os.urandom(1000)
    digest = oci.digest_of(data)
    BlobUploader(client(host, "from"), InMemoryBlobs({digest: data})).send(
        digest, 1000, lambda _: None
    )
    told: list[int] = []
    to = client(host, "to")
    sender = BlobUploader(to, InMemoryBlobs({digest: data}), mounts=("from",))
    assert not sender.send(digest, 1000, told.append)
    assert told == [] and to.blob(digest) == data
    missing = BlobUploader(
        client(host, "other"), InMemoryBlobs({digest: data}), mounts=("never-there",)
    )
    assert missing.send(digest, 1000, told.append) and told == [1000]


def test_what_is_not_what_its_digest_says_is_refused_by_the_registry(host: str) -> None:
    digest = oci.digest_of(b"this")
    with pytest.raises(CannotRun, match="DIGEST"):
        BlobUploader(client(host), InMemoryBlobs({digest: b"that"})).send(digest, 4, lambda _: None)


def test_what_is_missing_is_said_with_the_registrys_own_words(host: str) -> None:
    registry = client(host, "nothing")
    with pytest.raises(ConfigError, match=r"nothing:1\.0 cannot be fetched.*MANIFEST_UNKNOWN"):
        registry.manifest("1.0")
    with pytest.raises(ConfigError, match="BLOB_UNKNOWN"):
        registry.blob(oci.digest_of(b"x"))
    assert registry.tags() == () and registry.digest("1.0") == ""


def test_a_manifest_without_its_blobs_is_refused(host: str) -> None:
    registry = client(host, "lacking")
    lacking = oci.descriptor(oci.CONFIG, b"nowhere")
    with pytest.raises(CannotRun, match="MANIFEST_BLOB_UNKNOWN"):
        registry.put_manifest(
            oci.encode_document(oci.image_manifest(lacking, [], {})), oci.MANIFEST, "1.0"
        )


def test_a_registry_without_the_referrers_api_keeps_them_under_a_tag(host: str) -> None:
    registry = client(host, "said")
    data = image(registry, b"layer")
    registry.put_manifest(data, oci.MANIFEST, "1.0")
    subject = oci.descriptor(oci.MANIFEST, data)
    assert list_referrers(registry, subject["digest"]) == []
    first = attach_document(registry, subject, oci.SBOM_TYPE, b'{"bomFormat":"CycloneDX"}', {})
    attach_document(registry, subject, oci.SBOM_TYPE, b'{"bomFormat":"CycloneDX"}', {})
    second = attach_document(
        registry, subject, oci.VERDICT_TYPE, b'{"verdict":1}', {oci.CREATED: "now"}
    )
    found = list_referrers(registry, subject["digest"])
    assert [one["digest"] for one in found] == [first, second]
    assert found[1]["annotations"] == {oci.CREATED: "now"}
    assert oci.referrers_tag(subject["digest"]) in registry.tags()
    (only,) = list_referrers(registry, subject["digest"], oci.VERDICT_TYPE)
    assert only["digest"] == second
    (said,) = read_documents(registry, subject["digest"], oci.SBOM_TYPE)
    assert json.loads(said) == {"bomFormat": "CycloneDX"}


def test_who_has_no_password_is_told_to_log_in(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(_HASHED)
    more = f"auth: {{htpasswd: {{realm: here, path: {users}}}}}\n"
    with running(tmp_path / "registry", more) as place:
        with pytest.raises(ConfigError) as caught:
            client(place).exists("1.0")
        assert "docker login" in caught.value.remedy
        with pytest.raises(ConfigError, match="refuses"):
            client(place, who=RegistryCredentials("town", "wrong")).exists("1.0")
        known = client(place, who=RegistryCredentials("town", "secret-of-the-town"))
        known.put_manifest(image(known, b"layer"), oci.MANIFEST, "1.0")
        assert known.tags() == ("1.0",)
