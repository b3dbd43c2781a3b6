"""Text files in whichever encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.core.texts import decoded


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_tells_the_encoding(codec: str) -> None:
    assert decoded("Flask==3 # café\r\n".encode(codec)) == "Flask==3 # café\r\n"


def test_a_file_says_its_encoding_itself() -> None:
    assert decoded("# -*- coding: cp1250 -*-\nř".encode("cp1250")).endswith("ř")
    assert decoded(b"# coding: nonsense\n\xe9") == "# coding: nonsense\né"


@given(st.binary())
def test_any_bytes_are_some_text(data: bytes) -> None:
    assert isinstance(decoded(data), str)
