"""What changes of columns take away from an older release."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from shipway.core.migrations.literals import code, is_constant, name_of
from shipway.core.migrations.operation import Operation
from shipway.core.migrations.types import widens
from shipway.core.migrations.window import NewColumn, Remark, Window


def drop_column(window: Window, done: Operation) -> Iterator[Remark]:
    """A column that the older release knows goes."""
    column = done.text("column_name")
    known = window.columns.pop((done.table, column), None) is None
    if known and done.table not in window.tables:
        yield Remark(f"drops column {done.table}.{column}")


def add_column(window: Window, done: Operation) -> Iterator[Remark]:
    """A column that the older release does not fill must be filled by somebody."""
    if done.table in window.tables:
        return
    call = done.given.get("column")
    if not isinstance(call, ast.Call) or any(one.arg is None for one in call.keywords):
        yield Remark(f"adds to {done.table} a column that cannot be read: {code(call)}", True)
        return
    given = {one.arg: one.value for one in call.keywords}
    name = name_of(given.get("name") or (call.args[0] if call.args else None), done.known)
    primary = not is_constant(given.get("primary_key", ast.Constant(False)), False)
    nullable = given.get("nullable", ast.Constant(not primary))
    inner = (one.func for one in call.args if isinstance(one, ast.Call))
    made = any(ast.unparse(one).endswith(("Computed", "Identity")) for one in inner)
    filled = made or not is_constant(given.get("server_default", ast.Constant(None)), None)
    if "if_not_exists" not in done.given:
        window.add_column(done.table, name, NewColumn(is_constant(nullable, True), filled))
    where = f"{done.table}.{name}"
    if not filled and not is_constant(nullable, True, False):
        yield Remark(f"adds column {where}, nullable or not: {code(nullable)}", unknown=True)
    elif not filled and is_constant(nullable, False):
        yield Remark(f"adds column {where} NOT NULL, without a server default")
    if filled and not is_constant(given.get("unique", ast.Constant(False)), False, None):
        yield Remark(f"adds unique column {where} with a server default")


def alter_column(window: Window, done: Operation) -> Iterator[Remark]:
    """A column that the older release knows by its name, with its type, or leaves empty."""
    if done.table in window.tables:
        return
    column = done.text("column_name")
    where = f"{done.table}.{column}"
    new = window.columns.get((done.table, column))
    yield from _retyped(done, where, new)
    yield from _required(done, where, new)
    if new is not None:
        window.add_column(done.table, column, _altered(done, new))
    for argument in ("new_column_name", "name"):
        if not is_constant(done.given.get(argument, ast.Constant(None)), None):
            name = done.text(argument)
            if name != column and window.rename_column(done.table, column, name):
                yield Remark(f"renames column {where} to {name}")


def _retyped(done: Operation, where: str, new: NewColumn | None) -> Iterator[Remark]:
    wanted, existing = done.given.get("type_"), done.given.get("existing_type")
    if wanted is None or is_constant(wanted, None) or new or widens(existing, wanted):
        return
    before = f" from {code(existing)}" if existing is not None else ""
    yield Remark(f"changes the type of {where}{before} to {code(wanted)}")


def _required(done: Operation, where: str, new: NewColumn | None) -> Iterator[Remark]:
    """NOT NULL that an older release does not keep: by writing NULL, or by writing nothing."""
    nullable = done.given.get("nullable", ast.Constant(None))
    existing = done.given.get("existing_nullable")
    default = done.given.get("server_default", ast.Constant(False))  # False: as it is
    if is_constant(nullable, False) and not is_constant(existing, False):
        if new is None:
            yield Remark(f"makes {where} NOT NULL")
        elif not _altered(done, new).filled:
            yield Remark(f"makes {where} NOT NULL, without a server default")
    elif not is_constant(nullable, True, False, None):
        yield Remark(f"makes {where} nullable or not: {code(nullable)}", unknown=True)
    elif is_constant(default, None) and not is_constant(nullable, True):
        nulls = is_constant(existing, True) or (new is not None and new.nullable)
        if not nulls:
            yield Remark(f"takes the server default of {where} away")


def _altered(done: Operation, new: NewColumn) -> NewColumn:
    nullable = done.given.get("nullable", ast.Constant(None))
    default = done.given.get("server_default", ast.Constant(False))
    return NewColumn(
        new.nullable if is_constant(nullable, None) else is_constant(nullable, True),
        new.filled if is_constant(default, False) else not is_constant(default, None),
    )
