"""Calls of Alembic's operations, read."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# What an expression of a migration says, as far as it is written down.

_WRAPPERS = {"text", "DDL", "dedent", "f", "quoted_name"}  # calls that hand on their first argument
_LONGEST = 60  # characters of an expression that are shown


def module_constants(module: ast.Module) -> dict[str, str]:
    """Names that are given a text once, and nothing else anywhere in the script."""
    assignments: Counter[str] = Counter()
    values: dict[str, str] = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            assignments[node.id] += 1
        elif isinstance(node, ast.arg):
            assignments[node.arg] += 1
        target, value = _assigned(node)
        text = resolve_text(value, {})
        if target and text is not None:
            values[target] = text
    return {name: value for name, value in values.items() if assignments[name] == 1}


def _assigned(node: ast.AST) -> tuple[str, ast.expr | None]:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target, value = node.target, node.value
    else:
        return "", None
    return (target.id, value) if isinstance(target, ast.Name) else ("", None)


def resolve_text(node: ast.expr | None, known: Mapping[str, str]) -> str | None:
    """The text that an expression is, with <expression> for each part that is worked out.

    None when its beginning is not written down: then nothing can be said of it.
    """
    text: str | None = None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.Name):
        text = known.get(node.id)
    elif isinstance(node, ast.JoinedStr):
        text = "".join(_part(part, known) for part in node.values)
        text = None if text.startswith("<") else text
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        text = resolve_text(node.left, known)
        if text is not None and isinstance(node.op, ast.Add):
            text += resolve_text(node.right, known) or expression_text(node.right)
    elif isinstance(node, ast.Call):
        text = _called(node, known)
    return text


def _part(node: ast.expr, known: Mapping[str, str]) -> str:
    if isinstance(node, ast.FormattedValue):
        return resolve_text(node.value, known) or expression_text(node.value)
    return resolve_text(node, known) or ""


def _called(node: ast.Call, known: Mapping[str, str]) -> str | None:
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "strip", "bindparams"):
        return resolve_text(node.func.value, known)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else None
    name = node.func.id if isinstance(node.func, ast.Name) else name
    return resolve_text(node.args[0], known) if name in _WRAPPERS and node.args else None


def resolve_name(node: ast.expr | None, known: Mapping[str, str]) -> str:
    """The name of a table or column; <expression> when it is worked out."""
    return resolve_text(node, known) or expression_text(node)


def expression_text(node: ast.expr | None) -> str:
    """An expression in the place of a name."""
    return f"<{source_of(node)}>"


def source_of(node: ast.expr | None) -> str:
    """An expression for people, on one line."""
    text = " ".join(ast.unparse(node).split()) if node is not None else "?"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def is_constant(node: ast.expr | None, *values: object) -> bool:
    """Whether an expression is one of these constants, written down."""
    return isinstance(node, ast.Constant) and any(node.value is value for value in values)


# What the imported names of a script stand for.


class ImportedNames:
    """The names that a script imports, anywhere in it."""

    def __init__(self, module: ast.Module) -> None:
        self._origins = dict(_imports(module))

    def __contains__(self, name: str) -> bool:
        return name in self._origins

    def origin(self, name: str) -> str:
        """`alembic.op`; the name itself when it is not imported."""
        return self._origins.get(name, name)

    def dotted(self, node: ast.expr) -> str:
        """`op.drop_column`, whatever the script calls op; empty for what is no plain name."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        names.reverse()
        path = ".".join((self.origin(node.id), *names))
        if path.startswith("alembic.op."):
            return path.removeprefix("alembic.")
        return ".".join((node.id, *names))


def _imports(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            above = "." * node.level + (node.module or "")
            for alias in node.names:
                yield alias.asname or alias.name, f"{above}.{alias.name}"


# The arguments that may come without their names, as Alembic documents them.
_ORDER = {
    "create_table": ("table_name",),
    "drop_table": ("table_name",),
    "rename_table": ("old_table_name", "new_table_name"),
    "add_column": ("table_name", "column"),
    "drop_column": ("table_name", "column_name"),
    "alter_column": ("table_name", "column_name"),
    "create_unique_constraint": ("constraint_name", "table_name", "columns"),
    "create_primary_key": ("constraint_name", "table_name", "columns"),
    "create_check_constraint": ("constraint_name", "table_name", "condition"),
    "create_exclude_constraint": ("constraint_name", "table_name"),
    "create_foreign_key": (
        "constraint_name",
        "source_table",
        "referent_table",
        "local_cols",
        "remote_cols",
    ),
    "create_index": ("index_name", "table_name", "columns"),
    "execute": ("sqltext",),
}
_LOOSE = ("create_table", "create_exclude_constraint")  # any number of further arguments
_TABLES = ("table_name", "source_table")  # what an operation within batch_alter_table leaves out


@dataclass(frozen=True)
class AlembicOperation:
    """A call of an operation. given: its arguments by name. known: constants of the script."""

    name: str
    given: Mapping[str, ast.expr]
    known: Mapping[str, str]
    batch: str = ""  # the table of the batch_alter_table around it

    def text(self, argument: str) -> str:
        """A name among the arguments."""
        return resolve_name(self.given.get(argument), self.known)

    @property
    def table(self) -> str:
        """The table that it is about."""
        table = next((self.text(name) for name in _TABLES if name in self.given), "?")
        schema = self.given.get("schema", self.given.get("source_schema"))
        return self.batch or with_schema(table, schema, self.known)

    def names(self, argument: str) -> list[str]:
        """The names in a list among the arguments."""
        value = self.given.get(argument)
        items = value.elts if isinstance(value, ast.List | ast.Tuple) else []
        return [resolve_name(item, self.known) for item in items]


def with_schema(table: str, schema: ast.expr | None, known: Mapping[str, str]) -> str:
    """`archive.party`; the table's name alone where no schema is named."""
    if schema is None or is_constant(schema, None):
        return table
    return f"{resolve_name(schema, known)}.{table}"


def read_operation(
    name: str, call: ast.Call, known: Mapping[str, str], batch: str
) -> AlembicOperation | None:
    """The operation that a call is; None when its arguments cannot be told apart."""
    order = _ORDER.get(name, ())
    if batch:
        order = tuple(parameter for parameter in order if parameter not in _TABLES)
    starred = any(isinstance(argument, ast.Starred) for argument in call.args)
    if any(keyword.arg is None for keyword in call.keywords) or (starred and name not in _LOOSE):
        return None
    if len(call.args) > len(order) and name not in _LOOSE:
        return None
    arguments = dict(zip(order, call.args, strict=False))
    arguments.update({keyword.arg: keyword.value for keyword in call.keywords if keyword.arg})
    return AlembicOperation(name, arguments, known, batch)
