"""The part of CloudWatch's metric math that the rules use, one period at a time.

Source: "Using math expressions with CloudWatch metrics" in the CloudWatch user guide. What the
rules use is pointwise: + - * /, comparisons (1 or 0), IF(condition, then, else) and
FILL(metric, number). What is missing makes the outcome missing, except to FILL; so does a
division by zero.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache

Values = Mapping[str, float | None]  # metric's id → its value in this period; None: no data

_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


def value(expression: str, values: Values) -> float | None:
    """The expression's value in one period; None where there is none.

    Raises ValueError for what the rules do not use, and for a metric that is not in `values`.
    """
    return _value(_parsed(expression), values)


@lru_cache(maxsize=256)
def _parsed(expression: str) -> ast.expr:
    try:
        return ast.parse(expression, mode="eval").body  # its syntax is a part of Python's
    except SyntaxError as error:
        raise ValueError(f"{expression!r} is no metric math: {error.msg}") from None


def _value(node: ast.expr, values: Values) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in values:
            return values[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _both(_ARITHMETIC[type(op)], left, right, values)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _both(_COMPARISONS[type(op)], left, right, values)
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            held = _value(condition, values)
            return None if held is None else _value(then if held else otherwise, values)
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, instead]):
            found = _value(metric, values)
            return _value(instead, values) if found is None else found
    raise ValueError(f"metric math: {ast.unparse(node)!r} is not known here")


def _both(
    function: Callable[[float, float], float], left: ast.expr, right: ast.expr, values: Values
) -> float | None:
    one, other = _value(left, values), _value(right, values)
    if one is None or other is None:
        return None
    try:
        return float(function(one, other))
    except ZeroDivisionError:
        return None
