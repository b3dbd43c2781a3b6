"""References and tags: what may be written, and what is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.errors import ConfigError
from shipway.images.reference import (
    ImageOrigin,
    ImageReference,
    digest_tag,
    immutable_tags,
    is_digest,
    parse_reference,
    tag_from,
)

DIGEST = "sha256:" + "ab" * 32
PARTS = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-)[a-z0-9]{1,8}){0,2}", fullmatch=True)
HOSTS = st.from_regex(r"[a-z0-9][a-z0-9.]{0,12}(:[0-9]{2,5})?", fullmatch=True)
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)


@given(HOSTS, st.lists(PARTS, min_size=1, max_size=3), TAGS | st.just(""), st.booleans())
def test_what_is_written_is_read_again(host: str, names: list[str], tag: str, by: bool) -> None:
    reference = ImageReference(host, "/".join(names), tag, DIGEST if by else "")
    assert parse_reference(str(reference)) == reference


@pytest.mark.parametrize(
    "text",
    [
        "town",
        "/town",
        "host/Town",
        "host/town:",
        "host/town:-x",
        "host/../etc",
        "host/town@sha256:1",
        "host/to wn",
        f"host/town@{DIGEST}0",
        "host/town:" + "t" * 129,
        "host/" + "a" * 256,
        "",
    ],
)
def test_what_is_no_reference_is_refused_with_what_is_wanted(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_reference(text)
    assert "registry/repository:tag" in caught.value.remedy


def test_the_digest_names_an_image_before_its_tag_does() -> None:
    place = ImageReference("host", "town", "1.4")
    assert (place.name, place.at(DIGEST).name) == ("1.4", DIGEST)
    assert str(place.at(DIGEST).tagged("x")) == "host/town:x"


@given(st.text(max_size=200))
def test_any_text_becomes_a_tag_or_nothing(text: str) -> None:
    assert re.fullmatch(r"([A-Za-z0-9_][A-Za-z0-9._-]{0,127})?", tag_from(text))


@pytest.mark.parametrize("text", ["sha256:../../etc/passwd", "sha512:" + "a" * 64, DIGEST + "\n"])
def test_what_is_no_digest_never_becomes_part_of_a_path(text: str) -> None:
    assert is_digest(DIGEST) and not is_digest(text)


def test_a_commit_has_its_version_and_itself_as_tags() -> None:
    origin = ImageOrigin("town", "1.4.0+local", "3f2a91c" * 6, changed=False, moment=1)
    assert immutable_tags(origin, DIGEST) == ("1.4.0-local", "sha-3f2a91c3f2a9")


@pytest.mark.parametrize("commit", ["", "3f2a91c" * 6])
def test_what_is_not_exactly_a_commit_takes_no_commits_tag(commit: str) -> None:
    origin = ImageOrigin("town", "1.4.0", commit, changed=bool(commit), moment=1)
    assert immutable_tags(origin, DIGEST) == ("1.4.0-dirty-abababababab",)
    assert origin.revision == (f"{commit}-dirty" if commit else "")


def test_an_image_can_always_have_a_tag_of_its_own() -> None:
    assert digest_tag(DIGEST) == "image-abababababab"
