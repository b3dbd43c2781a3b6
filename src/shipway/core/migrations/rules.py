"""What each operation of Alembic takes away from an older release."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from shipway.core.migrations.columns import add_column, alter_column, drop_column
from shipway.core.migrations.literals import code, is_constant, text_of
from shipway.core.migrations.operation import Operation, in_schema
from shipway.core.migrations.sql import in_sql
from shipway.core.migrations.window import Remark, Window

# What no older release can notice. (An index that goes is speed; a constraint that goes, freedom.)
HARMLESS = {
    "batch_alter_table", "bulk_insert", "create_table_comment", "drop_table_comment",
    "drop_constraint", "drop_index", "f", "get_bind", "get_context", "get_x_argument",
    "inline_literal",
}  # fmt: skip


def taken_away(window: Window, done: Operation) -> Iterator[Remark]:
    """What an operation takes away, and notes in the window what it makes."""
    rule = RULES.get(done.name)
    if rule is None:
        yield Remark(f"calls op.{done.name}, which Shipway does not know", unknown=True)
    else:
        yield from rule(window, done)


def _create_table(window: Window, done: Operation) -> Iterator[Remark]:
    if "if_not_exists" not in done.given:
        window.add_table(done.table)
    yield from ()


def _drop_table(window: Window, done: Operation) -> Iterator[Remark]:
    if done.table in window.tables:
        window.tables.discard(done.table)
    else:
        yield Remark(f"drops table {done.table}")


def _rename_table(window: Window, done: Operation) -> Iterator[Remark]:
    schema = done.given.get("schema")
    old, new = (
        in_schema(done.text(name), schema, done.known)
        for name in ("old_table_name", "new_table_name")
    )
    if window.rename_table(old, new):
        yield Remark(f"renames table {old} to {new}")


def _constraint(kind: str, columns: str) -> Callable[[Window, Operation], Iterator[Remark]]:
    def rule(window: Window, done: Operation) -> Iterator[Remark]:
        names = done.names(columns)
        strict = "postgresql_nulls_not_distinct" in done.given
        if done.table in window.tables or (not strict and window.exempt(done.table, names)):
            return
        over = f"{done.table} ({', '.join(names)})" if names else done.table
        yield Remark(f"adds {kind} to {over}")

    return rule


def _create_index(window: Window, done: Operation) -> Iterator[Remark]:
    unique = done.given.get("unique", ast.Constant(False))
    if is_constant(unique, True):
        yield from _constraint("a unique index", "columns")(window, done)
    elif not is_constant(unique, False, None) and done.table not in window.tables:
        yield Remark(f"adds an index to {done.table}, unique or not: {code(unique)}", True)


def _execute(window: Window, done: Operation) -> Iterator[Remark]:
    sql = done.given.get("sqltext")
    text = text_of(sql, done.known)
    if text is not None:
        yield from in_sql(window, text)
    elif not _about_rows(sql):
        yield Remark(f"runs SQL that is worked out: {code(sql)}", unknown=True)


def _about_rows(node: ast.expr | None) -> bool:
    """Whether it is an expression of SQLAlchemy that changes or reads rows only."""
    names: list[str] = []
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Call):
            node = node.func
        else:
            names.append(node.attr)
            node = node.value
    if isinstance(node, ast.Name):
        names.append(node.id)
    return bool({"insert", "update", "delete", "select"}.intersection(names))


RULES = {
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "add_column": add_column,
    "drop_column": drop_column,
    "alter_column": alter_column,
    "create_unique_constraint": _constraint("a unique constraint", "columns"),
    "create_primary_key": _constraint("a primary key", "columns"),
    "create_check_constraint": _constraint("a check constraint", ""),
    "create_exclude_constraint": _constraint("an exclusion constraint", ""),
    "create_foreign_key": _constraint("a foreign key", "local_cols"),
    "create_index": _create_index,
    "execute": _execute,
}
