"""What produced the telemetry is named without secrets, in texts of a bounded length."""

from __future__ import annotations

from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.telemetry.resource import (
    LONGEST_VALUE,
    RunOrigin,
    bounded,
    pipeline_attributes,
    repository_address,
    run_attributes,
)


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("git@github.com:owner/name.git", "https://github.com/owner/name"),
        ("https://github.com/owner/name.git/", "https://github.com/owner/name"),
        ("https://x-access-token:made-up@github.com/owner/name", "https://github.com/owner/name"),
        (
            "ssh://git@git.example.org:2222/group/sub/name.git",
            "https://git.example.org/group/sub/name",
        ),
        ("http://localhost:3000/owner/name", "http://localhost:3000/owner/name"),
        (
            "https://git.example.org:8443/owner/name?a=b#c",
            "https://git.example.org:8443/owner/name",
        ),
        ("/srv/git/name.git", ""),
        ("../name", ""),
        ("file:///srv/git/name.git", ""),
        ("C:/repositories/name", ""),
        ("https://host:port/name", ""),
        ("https://[broken/name", ""),
        ("", ""),
    ],
)
def test_a_repository_has_its_page_for_an_address(remote: str, address: str) -> None:
    assert repository_address(remote) == address


SECRET = st.text(ascii_letters + digits, min_size=12, max_size=40)


@given(SECRET, st.sampled_from(("https", "http", "ssh", "git")), st.booleans())
def test_no_user_or_password_is_in_an_address(secret: str, scheme: str, alone: bool) -> None:
    user = secret if alone else f"user:{secret}"
    address = repository_address(f"{scheme}://{user}@example.org/owner/name.git")
    assert address.endswith("://example.org/owner/name")
    assert secret not in address


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.none()))
def test_attributes_are_single_lines_of_a_bounded_length(
    raw: dict[str, str | int | bool | None],
) -> None:
    for name, value in bounded(raw).items():
        assert raw[name] is not None
        if isinstance(value, str):
            assert value
            assert len(value) <= LONGEST_VALUE
            assert len(value.splitlines()) <= 1
            value.encode()  # what cannot be encoded cannot be sent


def test_what_is_not_known_is_left_out() -> None:
    assert pipeline_attributes(RunOrigin(pipeline="town")) == {"cicd.pipeline.name": "town"}
    assert run_attributes(RunOrigin(pipeline="town", ref_type="branch")) == {}


def test_a_repository_is_named_by_its_last_part() -> None:
    attributes = pipeline_attributes(
        RunOrigin(pipeline="town", repository="git@gitlab.com:group/sub/name.git")
    )
    assert attributes["vcs.repository.name"] == "name"
    assert attributes["vcs.owner.name"] == "group/sub"
    assert attributes["vcs.provider.name"] == "gitlab"
