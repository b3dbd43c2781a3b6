"""What stands at a place, in one form: the same after reformatting, moving and renaming.

For Python it is the innermost statement that covers the line, as `ast.unparse` writes it, so that
neither spaces nor quotes nor line breaks matter; of a compound statement (def, with, if …) only
the head. Anything else, and what is not valid Python, is its line with single spaces.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

_SPACES = re.compile(r"\s+")


def contents(path: str, text: str, lines: Sequence[int]) -> dict[int, str]:
    """What stands at each of some lines of a file; nothing for lines that it does not have."""
    tree = _tree(text) if path.endswith((".py", ".pyi")) else None
    statements = list(_statements(tree)) if tree else []
    rows = text.splitlines()
    return {line: _content(line, rows, statements) for line in lines if 0 < line <= len(rows)}


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _statements(tree: ast.Module) -> list[tuple[int, int, ast.stmt]]:
    """(first line, last line of its own part, statement), outer ones first."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            decorators = getattr(node, "decorator_list", [])
            start = min([node.lineno, *(one.lineno for one in decorators)])
            found.append((start, max(end, node.lineno), node))
    return found


def _content(line: int, rows: list[str], statements: list[tuple[int, int, ast.stmt]]) -> str:
    covering = [(end - start, node) for start, end, node in statements if start <= line <= end]
    if covering:
        node = min(covering, key=lambda one: one[0])[1]
        text = ast.unparse(_head(node))
    else:
        text = rows[line - 1]
    return _SPACES.sub(" ", text).strip()


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
