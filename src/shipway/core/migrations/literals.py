"""What an expression of a migration says, as far as it is written down."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping

_WRAPPERS = {"text", "DDL", "dedent", "f", "quoted_name"}  # calls that hand on their first argument
_LONGEST = 60  # characters of an expression that are shown


def constants(module: ast.Module) -> dict[str, str]:
    """Names that are given a text once, and nothing else anywhere in the script."""
    given: Counter[str] = Counter()
    values: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            given[node.id] += 1
        elif isinstance(node, ast.arg):
            given[node.arg] += 1
        target, value = _assigned(node)
        text = text_of(value, {})
        if target and text is not None:
            values[target] = text
    return {name: value for name, value in values.items() if given[name] == 1}


def _assigned(node: ast.AST) -> tuple[str, ast.expr | None]:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, value = node.target, node.value
    else:
        return "", None
    return (target.id, value) if isinstance(target, ast.Name) else ("", None)


def text_of(node: ast.expr | None, known: Mapping[str, str]) -> str | None:
    """The text that an expression is, with <expression> for each part that is worked out.

    None when its beginning is not written down: then nothing can be said of it.
    """
    found: str | None = None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        found = node.value
    elif isinstance(node, ast.Name):
        found = known.get(node.id)
    elif isinstance(node, ast.JoinedStr):
        found = "".join(_part(one, known) for one in node.values)
        found = None if found.startswith("<") else found
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        found = text_of(node.left, known)
        if found is not None and isinstance(node.op, ast.Add):
            found += text_of(node.right, known) or shown(node.right)
    elif isinstance(node, ast.Call):
        found = _called(node, known)
    return found


def _part(node: ast.expr, known: Mapping[str, str]) -> str:
    if isinstance(node, ast.FormattedValue):
        return text_of(node.value, known) or shown(node.value)
    return text_of(node, known) or ""


def _called(node: ast.Call, known: Mapping[str, str]) -> str | None:
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "strip", "bindparams"):
        return text_of(node.func.value, known)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else None
    name = node.func.id if isinstance(node.func, ast.Name) else name
    return text_of(node.args[0], known) if name in _WRAPPERS and node.args else None


def name_of(node: ast.expr | None, known: Mapping[str, str]) -> str:
    """The name of a table or column; <expression> when it is worked out."""
    return text_of(node, known) or shown(node)


def shown(node: ast.expr | None) -> str:
    """An expression in the place of a name."""
    return f"<{code(node)}>"


def code(node: ast.expr | None) -> str:
    """An expression for people, on one line."""
    text = " ".join(ast.unparse(node).split()) if node is not None else "?"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def is_constant(node: ast.expr | None, *values: object) -> bool:
    """Whether an expression is one of these constants, written down."""
    return isinstance(node, ast.Constant) and any(node.value is value for value in values)
