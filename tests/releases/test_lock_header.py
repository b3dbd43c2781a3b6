"""A lock says what it was made from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.releases.lock_header import input_digest, is_resolved, lock_header, lock_inputs

paths = st.text("abc./- %é", min_size=1, max_size=20)
digits = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.dictionaries(paths, digits, max_size=5))
def test_what_was_written_is_read_back(digests: dict[str, str]) -> None:
    assert lock_inputs(lock_header(digests) + "flask==3\n") == digests


def test_a_lock_of_somebody_else_was_made_from_nothing_that_is_known() -> None:
    assert lock_inputs("flask==3\n# from x sha256:no\n") == {}


def test_a_lock_says_that_shipway_resolved_it() -> None:
    assert is_resolved(lock_header({}) + "flask==3\n")
    assert not is_resolved("flask==3\n")


@given(st.binary())
def test_line_ends_are_no_content_and_all_else_is(data: bytes) -> None:
    unix = data.replace(b"\r\n", b"\n")
    assert input_digest(unix.replace(b"\n", b"\r\n")) == input_digest(unix)
    assert input_digest(unix + b"x") != input_digest(unix)
