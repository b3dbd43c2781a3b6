"""What each operation of Alembic takes away from an older release."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from shipway.releases.migrations.contraction import ContractionRemark, MigrationWindow, NewColumn
from shipway.releases.migrations.operations import (
    AlembicOperation,
    is_constant,
    resolve_name,
    resolve_text,
    source_of,
    with_schema,
)

# Column types: whether one takes all that another may hold.

_SAME = {
    "VARCHAR": "String",
    "NVARCHAR": "String",
    "Unicode": "String",
    "AutoString": "String",
    "TEXT": "Text",
    "UnicodeText": "Text",
    "CLOB": "Text",
    "SMALLINT": "SmallInteger",
    "INTEGER": "Integer",
    "INT": "Integer",
    "BIGINT": "BigInteger",
    "NUMERIC": "Numeric",
    "DECIMAL": "Numeric",
}
_WHOLE = ("SmallInteger", "Integer", "BigInteger")


def is_widening(old: ast.expr | None, new: ast.expr) -> bool:
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
        whole, part = (int(number or 0) for number in had)
        wider, finer = (int(number or 0) for number in has)
        return finer >= part and wider - finer >= whole - part
    return ast.dump(old) == ast.dump(new)


def _fits(had: list[int | None], has: list[int | None]) -> bool:
    return not has or bool(had and (had[0] or 0) <= (has[0] or 0))


def _parts(node: ast.expr) -> tuple[str, list[int | None]]:
    """A type's name, and its sizes; None for one that is not written down."""
    called = node.func if isinstance(node, ast.Call) else node
    name = ast.unparse(called).rpartition(".")[2]
    arguments: list[ast.expr] = []
    if isinstance(node, ast.Call):
        order = {"length": 0, "precision": 0, "scale": 1}
        keywords = [keyword for keyword in node.keywords if keyword.arg in order]
        keywords.sort(key=lambda keyword: order[keyword.arg or ""])
        arguments = [*node.args, *(keyword.value for keyword in keywords)]
    return _SAME.get(name, name), [_number(argument) for argument in arguments]


def _number(node: ast.expr) -> int | None:
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


# What changes of columns take away from an older release.


def drop_column(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
    """A column that the older release knows goes."""
    column = done.text("column_name")
    preexisting = window.columns.pop((done.table, column), None) is None
    if preexisting and done.table not in window.tables:
        yield ContractionRemark(f"drops column {done.table}.{column}")


def add_column(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
    """A column that the older release does not fill must be filled by somebody."""
    if done.table in window.tables:
        return
    call = done.given.get("column")
    if not isinstance(call, ast.Call) or any(keyword.arg is None for keyword in call.keywords):
        yield ContractionRemark(
            f"adds to {done.table} a column that cannot be read: {source_of(call)}", True
        )
        return
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    name = resolve_name(keywords.get("name") or (call.args[0] if call.args else None), done.known)
    primary = not is_constant(keywords.get("primary_key", ast.Constant(False)), False)
    nullable = keywords.get("nullable", ast.Constant(not primary))
    inner = (argument.func for argument in call.args if isinstance(argument, ast.Call))
    computed = any(ast.unparse(function).endswith(("Computed", "Identity")) for function in inner)
    filled = computed or not is_constant(keywords.get("server_default", ast.Constant(None)), None)
    if "if_not_exists" not in done.given:
        window.add_column(done.table, name, NewColumn(is_constant(nullable, True), filled))
    where = f"{done.table}.{name}"
    if not filled and not is_constant(nullable, True, False):
        yield ContractionRemark(
            f"adds column {where}, nullable or not: {source_of(nullable)}", unknown=True
        )
    elif not filled and is_constant(nullable, False):
        yield ContractionRemark(f"adds column {where} NOT NULL, without a server default")
    if filled and not is_constant(keywords.get("unique", ast.Constant(False)), False, None):
        yield ContractionRemark(f"adds unique column {where} with a server default")


def alter_column(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
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
                yield ContractionRemark(f"renames column {where} to {name}")


def _retyped(
    done: AlembicOperation, where: str, new: NewColumn | None
) -> Iterator[ContractionRemark]:
    new_type, existing = done.given.get("type_"), done.given.get("existing_type")
    if new_type is None or is_constant(new_type, None) or new or is_widening(existing, new_type):
        return
    before = f" from {source_of(existing)}" if existing is not None else ""
    yield ContractionRemark(f"changes the type of {where}{before} to {source_of(new_type)}")


def _required(
    done: AlembicOperation, where: str, new: NewColumn | None
) -> Iterator[ContractionRemark]:
    """NOT NULL that an older release does not keep: by writing NULL, or by writing nothing."""
    nullable = done.given.get("nullable", ast.Constant(None))
    existing = done.given.get("existing_nullable")
    default = done.given.get("server_default", ast.Constant(False))  # False: as it is
    if is_constant(nullable, False) and not is_constant(existing, False):
        if new is None:
            yield ContractionRemark(f"makes {where} NOT NULL")
        elif not _altered(done, new).filled:
            yield ContractionRemark(f"makes {where} NOT NULL, without a server default")
    elif not is_constant(nullable, True, False, None):
        yield ContractionRemark(
            f"makes {where} nullable or not: {source_of(nullable)}", unknown=True
        )
    elif is_constant(default, None) and not is_constant(nullable, True):
        nulls = is_constant(existing, True) or (new is not None and new.nullable)
        if not nulls:
            yield ContractionRemark(f"takes the server default of {where} away")


def _altered(done: AlembicOperation, new: NewColumn) -> NewColumn:
    nullable = done.given.get("nullable", ast.Constant(None))
    default = done.given.get("server_default", ast.Constant(False))
    return NewColumn(
        new.nullable if is_constant(nullable, None) else is_constant(nullable, True),
        new.filled if is_constant(default, False) else not is_constant(default, None),
    )


# What SQL text takes away from an older release.

_SHOWN = 100  # characters of a statement that are shown
_QUOTED = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = r"(?:IF (?:NOT )?EXISTS )?(?:ONLY )?([^\s(,;]+)"
_OF_TABLE = re.compile(
    rf"(?:ALTER TABLE|DROP TABLE|CREATE UNIQUE INDEX .*?\bON|TRUNCATE(?: TABLE)?) {_NAME}", re.I
)
_MAKES = re.compile(r"CREATE (?:TEMP(?:ORARY)? |UNLOGGED )?TABLE (?!IF\b)([^\s(,;]+)", re.I)
# What no older release can notice: statements about rows, and what only adds.
_HARMLESS = re.compile(
    r"(?:SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|COPY|SET|RESET|SHOW|COMMENT|ANALYZE|VACUUM|PRAGMA"
    r"|BEGIN|COMMIT|SAVEPOINT|RELEASE|LOCK|GRANT|REINDEX|REFRESH|ALTER (?:INDEX|SEQUENCE)"
    r"|DROP INDEX|CREATE (?:(?:TEMP(?:ORARY)?|UNLOGGED|MATERIALIZED) )?"
    r"(?:TABLE|INDEX|SEQUENCE|SCHEMA|EXTENSION|TYPE|DOMAIN|VIEW))\b",
    re.I,
)
_CONTRACTS = re.compile(r"(?:ALTER|DROP|RENAME|TRUNCATE|REVOKE|CREATE UNIQUE INDEX)\b", re.I)
# Parts of ALTER TABLE that an older release does not notice.
_LOOSENS = re.compile(
    r"ALTER (?:COLUMN )?\S+ (?:DROP NOT NULL|SET DEFAULT|SET STATISTICS)|VALIDATE CONSTRAINT"
    r"|OWNER TO|DROP CONSTRAINT",
    re.I,
)
_ADDS = re.compile(
    r"ADD (?!CONSTRAINT|UNIQUE|CHECK|PRIMARY|FOREIGN|EXCLUDE|INDEX|KEY|FULLTEXT)(?:COLUMN )?", re.I
)
# A new column: rows of an older release have nothing there, or all the same.
_REQUIRED = re.compile(r"\bNOT NULL\b|\bPRIMARY KEY\b", re.I)
_UNIQUE = re.compile(r"\bUNIQUE\b", re.I)
_FILLED = re.compile(r"\bDEFAULT\b(?! NULL)|\bGENERATED\b", re.I)


def contractions_in_sql(window: MigrationWindow, text: str) -> Iterator[ContractionRemark]:
    """What each statement of a text takes away."""
    for statement in _QUOTED.sub(_blank, text).split(";"):
        sql = " ".join(statement.split())
        if sql:
            yield from _statement(window, sql)


def _blank(match: re.Match[str]) -> str:
    return " " if match[0].startswith(("--", "/*")) else "''"


def _statement(window: MigrationWindow, sql: str) -> Iterator[ContractionRemark]:
    if match := _MAKES.match(sql):
        window.add_table(_bare(match[1]))
    about = _OF_TABLE.match(sql)
    if about and _bare(about[1]) in window.tables:
        if sql.upper().startswith("DROP"):
            window.tables.discard(_bare(about[1]))
        return
    if _HARMLESS.match(sql) or (about and _only_loosens(sql[about.end() :])):
        return
    short = sql if len(sql) <= _SHOWN else sql[: _SHOWN - 1] + "…"
    if _CONTRACTS.match(sql):
        yield ContractionRemark(f"runs SQL: {short}")
    else:
        yield ContractionRemark(f"runs SQL that Shipway does not understand: {short}", unknown=True)


def _only_loosens(parts: str) -> bool:
    """Whether every part of an ALTER TABLE leaves an older release what it needs."""
    return bool(parts.strip()) and all(map(_loosens, _split(parts)))


def _loosens(part: str) -> bool:
    if _LOOSENS.match(part):
        return True
    if not _ADDS.match(part):
        return False
    return not (_UNIQUE if _FILLED.search(part) else _REQUIRED).search(part)


def _split(parts: str) -> list[str]:
    """At commas that no bracket holds."""
    items, depth, start = [], 0, 0
    for index, sign in enumerate(parts):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            items.append(parts[start:index].strip())
            start = index + 1
    return [*items, parts[start:].strip()]


def _bare(name: str) -> str:
    """Without quotes; with its schema, because another schema has another table."""
    return re.sub(r'["`\[\]]', "", name)


# What no older release can notice. (An index that goes is speed; a constraint that goes, freedom.)
HARMLESS = {
    "batch_alter_table",
    "bulk_insert",
    "create_table_comment",
    "drop_table_comment",
    "drop_constraint",
    "drop_index",
    "f",
    "get_bind",
    "get_context",
    "get_x_argument",
    "inline_literal",
}


def contraction_of(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
    """What an operation takes away, and notes in the window what it makes."""
    rule = RULES.get(done.name)
    if rule is None:
        yield ContractionRemark(f"calls op.{done.name}, which Shipway does not know", unknown=True)
    else:
        yield from rule(window, done)


def _create_table(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
    if "if_not_exists" not in done.given:
        window.add_table(done.table)
    yield from ()


def _drop_table(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
    if done.table in window.tables:
        window.tables.discard(done.table)
    else:
        yield ContractionRemark(f"drops table {done.table}")


def _rename_table(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
    schema = done.given.get("schema")
    old, new = (
        with_schema(done.text(name), schema, done.known)
        for name in ("old_table_name", "new_table_name")
    )
    if window.rename_table(old, new):
        yield ContractionRemark(f"renames table {old} to {new}")


def _constraint(
    kind: str, columns: str
) -> Callable[[MigrationWindow, AlembicOperation], Iterator[ContractionRemark]]:
    def rule(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
        names = done.names(columns)
        strict = "postgresql_nulls_not_distinct" in done.given
        if done.table in window.tables or (not strict and window.exempt(done.table, names)):
            return
        over = f"{done.table} ({', '.join(names)})" if names else done.table
        yield ContractionRemark(f"adds {kind} to {over}")

    return rule


def _create_index(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
    unique = done.given.get("unique", ast.Constant(False))
    if is_constant(unique, True):
        yield from _constraint("a unique index", "columns")(window, done)
    elif not is_constant(unique, False, None) and done.table not in window.tables:
        yield ContractionRemark(
            f"adds an index to {done.table}, unique or not: {source_of(unique)}", True
        )


def _execute(window: MigrationWindow, done: AlembicOperation) -> Iterator[ContractionRemark]:
    sql = done.given.get("sqltext")
    text = resolve_text(sql, done.known)
    if text is not None:
        yield from contractions_in_sql(window, text)
    elif not _about_rows(sql):
        yield ContractionRemark(f"runs SQL that is worked out: {source_of(sql)}", unknown=True)


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
