"""Text files in whichever encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.source_text import decode_text


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_tells_the_encoding(codec: str) -> None:
    assert decode_text("Flask==3 # café\r\n".encode(codec)) == "Flask==3 # café\r\n"


def test_a_file_says_its_encoding_itself() -> None:
    assert decode_text("# -*- coding: cp1250 -*-\nř".encode("cp1250")).endswith("ř")
    assert decode_text(b"# coding: nonsense\n\xe9") == "# coding: nonsense\né"


@given(st.binary())
def test_any_bytes_are_some_text(data: bytes) -> None:
    assert isinstance(decode_text(data), str)
