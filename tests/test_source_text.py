"""A file that Python cannot read is none, whatever is wrong with it."""

from __future__ import annotations

import ast
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.errors import ConfigError
from shipway.source_text import parse_source, read_stream


def test_python_is_a_tree() -> None:
    tree = parse_source("x = 1")
    assert tree is not None
    assert ast.unparse(tree) == "x = 1"


@pytest.mark.parametrize("text", ["def broken(:", "a\0b", "(" * 5000, "x = \ud800"])
def test_what_python_cannot_read_is_none(text: str) -> None:
    assert parse_source(text) is None


@given(st.binary(max_size=20), st.integers(0, 20))
def test_a_stream_is_read_whole_or_refused_as_too_large(data: bytes, limit: int) -> None:
    if len(data) <= limit:
        assert read_stream(io.BytesIO(data), "a pipe", limit) == data
    else:
        with pytest.raises(ConfigError, match="a pipe is larger than"):
            read_stream(io.BytesIO(data), "a pipe", limit)
