"""A file that Python cannot read is none, whatever is wrong with it."""

from __future__ import annotations

import ast

import pytest

from shipway.source_text import parse_source


def test_python_is_a_tree() -> None:
    tree = parse_source("x = 1")
    assert tree is not None
    assert ast.unparse(tree) == "x = 1"


@pytest.mark.parametrize("text", ["def broken(:", "a\0b", "(" * 5000, "x = \ud800"])
def test_what_python_cannot_read_is_none(text: str) -> None:
    assert parse_source(text) is None
