"""What holds for every module of the tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
NOT_OURS = ("e2e/vulnerable/app", "checks/rules/examples", "recorded")
MODULES = sorted(
    path
    for path in TESTS.rglob("*.py")
    if not path.relative_to(TESTS).as_posix().startswith(NOT_OURS)
)
CLOCKS = {"monotonic", "perf_counter", "process_time", "time"}


def imported(tree: ast.AST) -> Iterator[str]:
    """Every name of a module that is imported, in full and in parts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (alias.name for alias in node.names if node.module in (None, "tests"))
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def of_a_test(tree: ast.AST) -> list[str]:
    """Those of other tests."""
    others = (name for name in imported(tree) if not name.startswith("shipway."))
    return [name for name in others if name.rpartition(".")[2].startswith("test_")]


def timed(tree: ast.AST) -> list[int]:
    """Lines on which the machine's clock is asserted to be early enough."""
    clocks = [
        node
        for asserted in ast.walk(tree)
        if isinstance(asserted, ast.Assert)
        for compared in ast.walk(asserted.test)
        if isinstance(compared, ast.Compare)
        and any(isinstance(operator, ast.Lt | ast.LtE) for operator in compared.ops)
        for node in ast.walk(compared)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr in CLOCKS) == ("time", True)
    ]
    return [node.lineno for node in clocks]


def test_modules_are_looked_at() -> None:
    assert len(MODULES) > 300
    assert of_a_test(ast.parse("from tests.cli.test_hold import web")) == ["tests.cli.test_hold"]
    assert of_a_test(ast.parse("def x():\n from .test_hold import web")) == ["test_hold"]
    assert timed(ast.parse("assert time.monotonic() - began < 5")) == [1]
    assert timed(ast.parse("assert 1 <= time.perf_counter() - began")) == [1]
    assert timed(ast.parse("assert time.monotonic() - began > 5")) == []


def test_no_test_imports_the_module_of_another_test() -> None:
    found = {path.name: of_a_test(ast.parse(path.read_bytes())) for path in MODULES}
    assert {name: modules for name, modules in found.items() if modules} == {}


def test_no_assertion_depends_on_how_quick_the_machine_is() -> None:
    """But for the one that says that something hangs."""
    found = {path.name: timed(ast.parse(path.read_bytes())) for path in MODULES}
    assert [name for name, lines in found.items() if lines] == ["patience.py"]
