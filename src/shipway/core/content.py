"""What stands at a place, in one form: the same after reformatting, moving and renaming.

For Python it is the innermost statement that covers the line, as `ast.unparse` writes it, so that
neither spaces nor quotes nor line breaks matter; of a compound statement (def, with, if …) only
the head. Anything else, and what is not valid Python, is its line with single spaces.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence

from shipway.core.parsing import parsed

_SPACES = re.compile(r"\s+")
_HOLDING = ("handlers", "orelse", "finalbody", "cases")  # beside "body", in ast.walk's order


def contents(path: str, text: str, lines: Sequence[int]) -> dict[int, str]:
    """What stands at each of some lines of a file; nothing for lines that it does not have."""
    tree = parsed(text) if path.endswith((".py", ".pyi")) else None
    return contents_of(tree, text, lines)


def contents_of(tree: ast.Module | None, text: str, lines: Sequence[int]) -> dict[int, str]:
    """The same for a file that is parsed already; None: one that is not Python."""
    rows = text.splitlines()
    wanted = sorted({line for line in lines if 0 < line <= len(rows)})
    nodes = _innermost(tree, wanted) if tree else {}
    # Several lines often stand in one statement, and to write one takes long.
    written = {node: ast.unparse(_head(node)) for node in dict.fromkeys(nodes.values())}
    return {
        line: _SPACES.sub(" ", written[nodes[line]] if line in nodes else rows[line - 1]).strip()
        for line in wanted
    }


def _innermost(tree: ast.Module, wanted: Sequence[int]) -> dict[int, ast.stmt]:
    """The shortest statement at each of some lines, in order; of equally long ones the outer."""
    found: dict[int, ast.stmt] = {}
    lengths: dict[int, int] = {}
    for start, end, node in _statements(tree):
        for place in range(bisect_left(wanted, start), bisect_right(wanted, end)):
            line = wanted[place]
            if line not in found or end - start < lengths[line]:
                found[line], lengths[line] = node, end - start
    return found


def _statements(tree: ast.Module) -> Iterator[tuple[int, int, ast.stmt]]:
    """(first line, last line of its own part, statement), outer ones first.

    Only what can hold statements is looked into: most of a tree are expressions.
    """
    todo: deque[ast.AST] = deque([tree])
    while todo:
        node = todo.popleft()
        body: list[ast.stmt] = getattr(node, "body", None) or []
        if isinstance(node, ast.stmt):
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            decorators = getattr(node, "decorator_list", ())
            start = min([node.lineno, *(one.lineno for one in decorators)])
            yield start, max(end, node.lineno), node
        todo += body
        for name in _HOLDING:
            todo += getattr(node, name, ())


def _head(node: ast.stmt) -> ast.stmt:
    """A compound statement without what it holds."""
    if not getattr(node, "body", None):
        return node
    fields = dict(ast.iter_fields(node))
    fields["body"] = [ast.Expr(ast.Constant(...))]
    for name in ("orelse", "finalbody", "handlers", "cases"):
        if name in fields:
            fields[name] = []
    if isinstance(node, ast.Try | ast.TryStar):
        fields["finalbody"] = fields["body"]
    if isinstance(node, ast.Match):
        return ast.Expr(node.subject)
    return ast.copy_location(type(node)(**fields), node)
