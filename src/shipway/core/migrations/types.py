"""Column types: whether one takes all that another may hold."""

from __future__ import annotations

import ast

_SAME = {
    "VARCHAR": "String", "NVARCHAR": "String", "Unicode": "String", "AutoString": "String",
    "TEXT": "Text", "UnicodeText": "Text", "CLOB": "Text",
    "SMALLINT": "SmallInteger", "INTEGER": "Integer", "INT": "Integer", "BIGINT": "BigInteger",
    "NUMERIC": "Numeric", "DECIMAL": "Numeric",
}  # fmt: skip
_WHOLE = ("SmallInteger", "Integer", "BigInteger")


def widens(old: ast.expr | None, new: ast.expr) -> bool:
    """Whether every value of the old type fits the new one, and reads the same."""
    if old is None:
        return False
    (was, had), (is_now, has) = _parts(old), _parts(new)
    if None in had or None in has:
        return False
    if was in _WHOLE and is_now in _WHOLE:
        return _WHOLE.index(was) <= _WHOLE.index(is_now)
    if was == "String" and is_now in ("String", "Text"):
        return _fits(had, has)
    if was == is_now == "Text":
        return _fits(had, has)
    if was == is_now == "Numeric" and len(had) == len(has) == 2:
        whole, part = (int(one or 0) for one in had)
        wider, finer = (int(one or 0) for one in has)
        return finer >= part and wider - finer >= whole - part
    return ast.dump(old) == ast.dump(new)


def _fits(had: list[int | None], has: list[int | None]) -> bool:
    return not has or bool(had and (had[0] or 0) <= (has[0] or 0))


def _parts(node: ast.expr) -> tuple[str, list[int | None]]:
    """A type's name, and its sizes; None for one that is not written down."""
    called = node.func if isinstance(node, ast.Call) else node
    name = ast.unparse(called).rpartition(".")[2]
    given: list[ast.expr] = []
    if isinstance(node, ast.Call):
        order = {"length": 0, "precision": 0, "scale": 1}
        named = [one for one in node.keywords if one.arg in order]
        named.sort(key=lambda one: order[one.arg or ""])
        given = [*node.args, *(one.value for one in named)]
    return _SAME.get(name, name), [_number(one) for one in given]


def _number(node: ast.expr) -> int | None:
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None
