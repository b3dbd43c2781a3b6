"""A source file as the blocks that it executes: its functions, and the code outside of them.

Read by executed_tests.py, which runs where Shipway is not installed, and by Shipway itself. Both
agree on lines only: what a syntax tree looks like depends on the version of Python.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)
MODULE = 0  # the first line of the block that is outside of all functions


@dataclass(frozen=True)
class Function:
    """An outermost function. first: its first line, a decorator's where it has some. body, last:
    the first and the last line of its body. caches: whether a decorator keeps what it returned, so
    that one test may execute it for another."""

    first: int
    body: int
    last: int
    caches: bool


@dataclass(frozen=True)
class SourceBlocks:
    """What a change of a file is judged by.

    skeleton: a digest of all but the bodies of functions: names, parameters, decorators,
    docstrings, statements of modules and classes. lines: where its nodes are, in the tree's order.
    functions: the first line of each and a digest of its text, in the file's order.
    """

    skeleton: str
    lines: list[int]
    functions: list[tuple[int, str]]


def functions_of(source: bytes | str) -> list[Function]:
    """The outermost functions of a file. Raises SyntaxError or ValueError where it is no Python."""
    return [_function(node) for node in _outermost(ast.parse(source))]


def source_blocks(source: bytes) -> SourceBlocks:
    """The blocks of a file. Raises SyntaxError or ValueError where it is no Python."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    functions = []
    for node in _outermost(tree):
        place = _function(node)
        text = b"".join(lines[place.first - 1 : place.last])
        functions.append((place.first, hashlib.sha256(text).hexdigest()[:32]))
        node.body = _signs_of(node)
    return SourceBlocks(
        hashlib.sha256(ast.dump(tree).encode("utf-8", "surrogateescape")).hexdigest()[:32],
        [number for node in ast.walk(tree) for number in _lines_of(node)],
        functions,
    )


def code_outside_tests(source: bytes) -> str:
    """A digest of what a file of tests does for others while it is imported: all but its functions,
    its classes of tests and pytest's decorators. Raises SyntaxError or ValueError where it is no
    Python."""
    parts: list[str] = []
    for node in ast.parse(source).body:
        own: list[ast.AST] = [node]
        if isinstance(node, _Function):
            own = [part for part in node.decorator_list if not _is_of_pytest(part)]
        elif isinstance(node, ast.ClassDef) and _is_of_tests(node):
            own = []
        parts.extend(map(ast.dump, own))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _is_of_pytest(decorator: ast.expr) -> bool:
    return any(isinstance(n, ast.Name) and n.id == "pytest" for n in ast.walk(decorator))


def _is_of_tests(node: ast.ClassDef) -> bool:
    bases = [ast.dump(base) for base in node.bases]
    return all("TestCase" in base for base in bases) and (
        node.name.startswith("Test") or bool(bases)
    )


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    caches = any("cache" in ast.dump(decorator).lower() for decorator in node.decorator_list)
    return Function(first, node.body[0].lineno, node.end_lineno or node.lineno, caches)


def _outermost(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Function):
            yield node
        else:
            yield from _outermost(node)


def _signs_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """What of a body shows without its being executed: its docstring, that it generates, and that
    it has nothing to execute, so that whoever calls it executes only its first line."""
    signs: list[ast.stmt] = []
    if all(map(_is_silent, node.body)):
        signs.append(ast.Break())
    if ast.get_docstring(node, clean=False) is not None:
        signs.append(node.body[0])
    if any(map(_yields, node.body)):
        signs.append(ast.Continue())
    return signs


def _is_silent(node: ast.stmt) -> bool:
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, (ast.Global, ast.Nonlocal))


def _yields(node: ast.AST) -> bool:
    if isinstance(node, (ast.Yield, ast.YieldFrom)):
        return True
    if isinstance(node, (*_Function, ast.Lambda)):
        return False
    return any(map(_yields, ast.iter_child_nodes(node)))


def _lines_of(node: ast.AST) -> Iterator[int]:
    for name in ("lineno", "end_lineno"):
        number = getattr(node, name, None)
        # The end of a function is that of its body.
        if number is not None and not (name == "end_lineno" and isinstance(node, _Function)):
            yield number
