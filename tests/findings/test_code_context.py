"""What stands at a place survives what does not change its meaning."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.findings.fingerprint import code_contexts


def at(text: str, line: int, path: str = "a.py") -> str:
    return code_contexts(path, text, [line]).get(line, "")


@pytest.mark.parametrize(
    "other",
    [
        "x = run('a', shell=True)",
        'x=run("a",shell=True)',
        "x = run(\n    'a',\n    shell=True,\n)",
        "x = (run('a', shell=True))  # why",
    ],
)
def test_reformatting_changes_nothing(other: str) -> None:
    assert at(other, 1) == "x = run('a', shell=True)"
    assert at("import os\n\n\n" + other, 4) == at(other, 1)


def test_every_line_of_a_statement_is_the_statement() -> None:
    text = "call(\n    one,\n    two,\n)\n"
    assert {at(text, line) for line in (1, 2, 3, 4)} == {"call(one, two)"}


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("def f(a, b):", "pass"),
        ("class A:", "x = 1"),
        ("with open(p) as f:", "f.read()"),
        ("if a == 'x':", "go()"),
        ("for a in b:", "go()"),
        ("while True:", "go()"),
        ("@app.route('/')\ndef f():", "pass"),
        ("async def f():", "pass"),
    ],
)
def test_of_what_holds_others_only_the_head_counts(head: str, body: str) -> None:
    first = at(f"{head}\n    {body}\n", 1)
    assert first == at(f"{head}\n    other()\n    {body}\n", 1)
    assert body not in first


@pytest.mark.parametrize("head", ["try", "match a"])
def test_try_and_match_have_a_content_too(head: str) -> None:
    inside = "    go()\nfinally:\n    stop()\n" if head == "try" else "    case 1:\n        go()\n"
    assert at(f"{head}:\n{inside}", 1)


def test_of_statements_in_one_line_the_shortest_counts_and_of_equal_ones_the_outer() -> None:
    assert at("f(\n    a,\n); x = 1\n", 3) == "x = 1"
    assert at("if a: go()\n", 1) == at("if a:\n    go()\n", 1)
    assert at("a = 1; b = 2\n", 1) == "a = 1"


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    a()\nexcept E:\n    {}\n",
        "try:\n    a()\nfinally:\n    {}\n",
        "for a in b:\n    a()\nelse:\n    {}\n",
        "match a:\n    case 1:\n        a()\n        {}\n",
        "class A:\n    def f(self):\n        {}\n",
    ],
)
def test_statements_are_found_wherever_they_can_stand(text: str) -> None:
    whole = text.format("run( 'x' )")
    assert at(whole, whole.count("\n")) == "run('x')"


def test_a_line_is_the_same_whatever_else_is_asked_for() -> None:
    with open(ast.__file__, encoding="utf-8") as file:
        text = file.read()
    together = code_contexts("ast.py", text, range(1, 200))
    assert {line: at(text, line) for line in range(1, 200, 23)}.items() <= together.items()


def test_what_is_not_python_is_its_line_with_single_spaces() -> None:
    assert at("FROM  python:latest\n", 1, "Dockerfile") == "FROM python:latest"
    assert at("def broken(:\n", 1) == "def broken(:"
    assert at("# a comment  here\n", 1) == "# a comment here"


def test_lines_that_are_not_there_have_none() -> None:
    assert code_contexts("a.py", "x = 1\n", [0, 2, 99]) == {}


@given(st.text(max_size=200), st.lists(st.integers(-2, 12), max_size=5))
def test_nothing_that_a_file_may_hold_breaks_it(text: str, lines: list[int]) -> None:
    found = code_contexts("a.py", text, lines)
    assert set(found) <= set(lines)


def test_its_own_source_has_a_content_everywhere() -> None:
    with open(ast.__file__, encoding="utf-8") as file:
        text = file.read()
    rows = text.splitlines()
    found = code_contexts("ast.py", text, range(1, len(rows) + 1))
    assert all(found[n] for n, row in enumerate(rows, 1) if row.strip())
