"""Calls of Alembic's operations, read."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from shipway.core.migrations.literals import is_constant, name_of

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
    "create_foreign_key":
        ("constraint_name", "source_table", "referent_table", "local_cols", "remote_cols"),
    "create_index": ("index_name", "table_name", "columns"),
    "execute": ("sqltext",),
}  # fmt: skip
_LOOSE = ("create_table", "create_exclude_constraint")  # any number of further arguments
_TABLES = ("table_name", "source_table")  # what an operation within batch_alter_table leaves out


@dataclass(frozen=True)
class Operation:
    """A call of an operation. given: its arguments by name. known: constants of the script."""

    name: str
    given: Mapping[str, ast.expr]
    known: Mapping[str, str]
    batch: str = ""  # the table of the batch_alter_table around it

    def text(self, argument: str) -> str:
        """A name among the arguments."""
        return name_of(self.given.get(argument), self.known)

    @property
    def table(self) -> str:
        """The table that it is about."""
        found = next((self.text(name) for name in _TABLES if name in self.given), "?")
        schema = self.given.get("schema", self.given.get("source_schema"))
        return self.batch or in_schema(found, schema, self.known)

    def names(self, argument: str) -> list[str]:
        """The names in a list among the arguments."""
        value = self.given.get(argument)
        items = value.elts if isinstance(value, ast.List | ast.Tuple) else []
        return [name_of(one, self.known) for one in items]


def in_schema(table: str, schema: ast.expr | None, known: Mapping[str, str]) -> str:
    """`archive.party`; the table's name alone where no schema is named."""
    if schema is None or is_constant(schema, None):
        return table
    return f"{name_of(schema, known)}.{table}"


def operation(name: str, call: ast.Call, known: Mapping[str, str], batch: str) -> Operation | None:
    """The operation that a call is; None when its arguments cannot be told apart."""
    order = _ORDER.get(name, ())
    if batch:
        order = tuple(one for one in order if one not in _TABLES)
    starred = any(isinstance(one, ast.Starred) for one in call.args)
    if any(one.arg is None for one in call.keywords) or (starred and name not in _LOOSE):
        return None
    if len(call.args) > len(order) and name not in _LOOSE:
        return None
    given = dict(zip(order, call.args, strict=False))
    given.update({one.arg: one.value for one in call.keywords if one.arg})
    return Operation(name, given, known, batch)
