"""A lock says what it was made from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.core.adoption.lock_header import header, recorded

paths = st.from_regex(r"[a-z./-]{1,20}", fullmatch=True)


@given(st.dictionaries(paths, st.from_regex(r"[0-9a-f]{64}", fullmatch=True), max_size=5))
def test_what_was_written_is_read_back(digests: dict[str, str]) -> None:
    assert recorded(header(digests) + "flask==3\n") == digests


def test_a_lock_of_somebody_else_was_made_from_nothing_that_is_known() -> None:
    assert recorded("flask==3\n# from x sha256:no\n") == {}
    assert "my file" not in header({"my file": "0" * 64})
