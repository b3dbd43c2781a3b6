"""An expression is constant only where nothing from outside can be part of it."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.findings.false_positives import ConstantAnalyzer

BEFORE = """
import os
from settings import OTHER
TABLE = "berths"
ORDERS = {"name": "name ASC", "length": "length DESC"}
GROWING = {"name": "name ASC"}
GROWING[OTHER] = OTHER
ADDED = ["a"]
ADDED.append(OTHER)
TWICE = "a"
TWICE = OTHER
CIRCLE = CIRCLE
SAME = TABLE
"""


def constant(expression: str, before: str = "", parameter: str = "given") -> bool:
    """Whether what a function returns is constant."""
    body = "".join(f"    {line}\n" for line in before.splitlines())
    tree = ast.parse(f"{BEFORE}\ndef f({parameter}):\n{body}    return {expression}\n")
    [last] = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return ConstantAnalyzer(tree).constant(last.value)


@pytest.mark.parametrize(
    "expression",
    [
        "'a'",
        "TABLE",
        "SAME",
        "f'SELECT {TABLE}'",
        "'SELECT ' + TABLE",
        "'%s' % TABLE",
        "'{}'.format(TABLE)",
        "' '.join(['a', TABLE])",
        "ORDERS[given]",
        "ORDERS.get(given)",
        "ORDERS.get(given, 'a')",
        "'a' if given else TABLE",
        "['ls', '-l', *ORDERS]",
    ],
)
def test_what_is_written_in_the_file_is_constant(expression: str) -> None:
    assert constant(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "given",
        "OTHER",
        "os.environ['A']",
        "f'SELECT {given}'",
        "'a' + given",
        "'%s' % given",
        "'{}'.format(given)",
        "ORDERS.get('a', given)",
        "GROWING['name']",
        "ADDED",
        "TWICE",
        "CIRCLE",
        "unknown",
        "open('a').read()",
        "given or 'a'",
        "[one for one in given]",
        "f'{TABLE:{given}}'",
        "(lambda TABLE: TABLE)(given)",
        "os.sep.join(['a'])",
    ],
)
def test_what_may_come_from_outside_is_not(expression: str) -> None:
    assert not constant(expression)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("x = 'a'", True),
        ("x: str = ORDERS.get(given, 'a')", True),
        ("x = 'a'\nx += given", False),
        ("x = 'a'\nif given: x = given", False),
        ("x, y = given", False),
        ("for x in given: pass", False),
        ("with given as x: pass", False),
        ("if (x := given): pass", False),
        ("x = 'a'\nfrom os import x", False),
        ("x = 'a'\ndel x", False),
        ("try: pass\nexcept OSError as x: pass", False),
        ("global x\nx = 'a'", False),
    ],
)
def test_a_name_is_constant_when_it_is_bound_once_to_what_is(before: str, expected: bool) -> None:
    assert constant("x", before) is expected


def test_a_parameter_hides_a_constant_of_its_name() -> None:
    assert not constant("TABLE", parameter="TABLE")


literals = st.recursive(
    st.one_of(st.integers(), st.text(max_size=5), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.tuples(inner, inner)),
    max_leaves=8,
)


@given(literals)
def test_every_literal_is_constant_and_none_is_with_a_call_beside_it(value: object) -> None:
    assert constant(repr(value))
    assert not constant(f"[{value!r}, given()]")
