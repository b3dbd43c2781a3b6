"""What is written in a Python file: expressions that nothing from outside can change."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator

_DEEPEST = 20  # of names that stand for names; also what ends a circle
_TEXT = {"format", "join", "strip", "lstrip", "rstrip", "lower", "upper", "replace", "encode"}
_CHANGING = {
    "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove",
    "setdefault", "update",
}  # fmt: skip
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


_SHOWN = {ast.Call, ast.JoinedStr, ast.BinOp, ast.Assign, ast.AnnAssign}
_NOTED = {
    ast.Name, ast.arg, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.alias,
    ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.Global, ast.Nonlocal,
    ast.Assign, ast.AnnAssign, ast.Subscript, ast.Attribute,
}  # fmt: skip


class Written:
    """Knows of every expression of a file whether all of its values stand in the file.

    In doubt it says no: for a name that is bound twice, a parameter, an attribute, a call.
    nodes: its calls, assignments, and texts that are put together.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._around: dict[ast.AST, tuple[Function, ...]] = {}
        self._bound: dict[Function | None, Counter[str]] = defaultdict(Counter)
        self._value: dict[tuple[Function | None, str], ast.expr] = {}
        self._changed: set[str] = set()
        self.nodes: list[ast.expr | ast.stmt] = []
        self._enter(tree, ())

    def constant(self, node: ast.AST | None, depth: int = 0) -> bool:
        """Whether each value that it can have is written in the file."""
        if depth > _DEEPEST:
            return False
        if isinstance(node, ast.Name):
            value = self._only_value(node)
            return value is not None and self.constant(value, depth + 1)
        if isinstance(node, ast.Subscript):  # whatever is looked up in it
            return self.constant(node.value, depth)
        if isinstance(node, ast.Call):
            return self._constant_call(node, depth)
        parts = _parts(node)
        return parts is not None and all(self.constant(part, depth) for part in parts)

    def listed(self, node: ast.AST | None) -> bool:
        """Whether it is a list of values, all written in the file."""
        if isinstance(node, ast.Name):
            value = self._only_value(node)
            return isinstance(value, ast.List | ast.Tuple) and self.constant(value)
        return isinstance(node, ast.List | ast.Tuple) and self.constant(node)

    def once(self, node: ast.Name) -> bool:
        """Whether its name is bound at one place only of the function that it stands in."""
        scope = next(iter(self._around[node]), None)
        return self._bound[scope][node.id] == 1

    def _constant_call(self, node: ast.Call, depth: int) -> bool:
        method = node.func
        if not isinstance(method, ast.Attribute) or not self.constant(method.value, depth):
            return False
        given = [*node.args, *(word.value for word in node.keywords)]
        if method.attr == "get":  # a table's; it is asked for anything, and answers its own
            given = given[1:]
        elif method.attr not in _TEXT:
            return False
        return all(self.constant(one, depth) for one in given)

    def _only_value(self, node: ast.Name) -> ast.expr | None:
        for scope in (*self._around[node], None):
            if count := self._bound[scope][node.id]:
                once = count == 1 and node.id not in self._changed
                return self._value.get((scope, node.id)) if once else None
        return None

    def _enter(self, node: ast.AST, around: tuple[Function, ...]) -> None:
        """Remember what is bound where; around: the functions around it, the innermost first."""
        todo = [(node, around)]
        while todo:
            node, around = todo.pop()
            kind = type(node)
            if kind in _NOTED:
                self._around[node] = around
                self._note(node, around[0] if around else None)
            if kind in _SHOWN:
                self.nodes.append(node)  # type: ignore[arg-type]  # both have lines
            inner = (node, *around) if isinstance(node, Function) else around
            for name in kind._fields:
                child = getattr(node, name, None)
                if isinstance(child, list):
                    todo += [(one, inner) for one in child if isinstance(one, ast.AST)]
                elif isinstance(child, ast.AST) and not isinstance(child, ast.expr_context):
                    todo.append((child, inner))

    def _note(self, node: ast.AST, scope: Function | None) -> None:
        for name in _binds(node):
            self._bound[scope][name] += 1
        if isinstance(node, ast.Global | ast.Nonlocal):
            self._changed.update(node.names)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    self._value[scope, target.id] = node.value
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            self._changed.update(_name_of(node.value))
        if isinstance(node, ast.Attribute) and node.attr in _CHANGING:
            self._changed.update(_name_of(node.value))


_MADE_OF_PARTS = (
    ast.Constant, ast.JoinedStr, ast.FormattedValue, ast.BinOp, ast.BoolOp, ast.UnaryOp,
    ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Starred,
)  # fmt: skip


def _parts(node: ast.AST | None) -> list[ast.expr] | None:
    """What it is made of; None where its value depends on more."""
    if isinstance(node, ast.IfExp):  # whatever decides
        return [node.body, node.orelse]
    if isinstance(node, _MADE_OF_PARTS):
        return [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
    return None


def _binds(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(ctx=ast.Store() | ast.Del()):
            yield node.id
        case ast.arg():
            yield node.arg
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.alias():
            yield (node.asname or node.name).split(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            yield name
        case ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name


def _name_of(node: ast.AST) -> Iterator[str]:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
