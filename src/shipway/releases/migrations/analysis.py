"""Alembic's migrations, read from their files without running them.

The heads of a history, and what its newer part takes away from releases that do not know it.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterable, Mapping

from shipway.releases.migrations.contraction import (
    Contraction,
    ContractionRemark,
    MigrationWindow,
    SafeComments,
)
from shipway.releases.migrations.operations import (
    ImportedNames,
    module_constants,
    read_operation,
    resolve_name,
    source_of,
    with_schema,
)
from shipway.releases.migrations.rules import HARMLESS, RULES, contraction_of

# Reads the `upgrade()` of a migration, by its syntax tree, without running it.

_FREE = sys.stdlib_module_names | {"sqlalchemy", "alembic", "flask"}
# What can do anything, though it comes with Python.
_ANYTHING = {"eval", "exec", "__import__", "importlib", "subprocess", "runpy", "command"}
_PROGRAMS = ("os.system", "os.popen", "os.exec", "os.spawn", "os.posix_spawn")
_ROWS = ("bulk_insert", "execute")
_EXECUTES = ("execute", "exec_driver_sql", "scalar", "scalars")
_BATCH = "op.batch_alter_table"
_MULTIPLE = "upgrade_"  # Flask-Migrate's form for several databases has one function for each


def read_upgrade(text: str, revision: str, window: MigrationWindow) -> list[Contraction]:
    """What a script takes away. The window learns what it makes.

    text: the script. Code that cannot be read is a contraction that is `unknown`.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of the script's own faults
            module = ast.parse(text)
        reading = _Reading(module, window)
        reading.read()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [Contraction("cannot be read as Python", revision, unknown=True)]
    marks = SafeComments(text)
    return [
        Contraction(
            remark.what, revision, remark.unknown, marks.reason(node.lineno, node.end_lineno or 0)
        )
        for node, remark in reading.remarks
    ]


class _Reading(ast.NodeVisitor):
    """Walks through what `upgrade()` does, and through the script's own functions it names."""

    def __init__(self, module: ast.Module, window: MigrationWindow) -> None:
        self.remarks: list[tuple[ast.expr | ast.stmt, ContractionRemark]] = []
        self._window = window
        self._known = module_constants(module)
        self._names = ImportedNames(module)
        self._own: dict[str, ast.stmt] = {
            node.name: node
            for node in module.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        self._batches: dict[str, str] = {}  # name → table
        self._begun: set[str] = set()
        self._several = any(name.startswith(_MULTIPLE) for name in self._own)
        self._module = module

    def read(self) -> None:
        """From the top."""
        starts = [name for name in self._own if name == "upgrade" or name.startswith(_MULTIPLE)]
        if "upgrade" not in starts:
            last = self._module.body[-1] if self._module.body else ast.Pass(lineno=1)
            self.remarks.append(
                (last, ContractionRemark("has no upgrade() that can be read", unknown=True))
            )
        for name in starts:
            self._follow(name)

    def _follow(self, name: str) -> None:
        if name not in self._begun:
            self._begun.add(name)
            self.generic_visit(self._own[name])

    def _say(self, node: ast.expr | ast.stmt, what: str, *, unknown: bool = True) -> None:
        self.remarks.append((node, ContractionRemark(what, unknown)))

    def visit_If(self, node: ast.If) -> None:
        """Either way."""
        self.visit(node.test)
        self._branches(node.body, node.orelse)

    def visit_For(self, node: ast.For) -> None:
        """Perhaps never."""
        self.visit(node.iter)
        self._branches([*node.body, *node.orelse], [])

    def visit_While(self, node: ast.While) -> None:
        """Perhaps never."""
        self.visit(node.test)
        self._branches([*node.body, *node.orelse], [])

    def visit_Try(self, node: ast.Try) -> None:
        """Up to any point."""
        self._branches(node.body, [], *(handler.body for handler in node.handlers), node.orelse)
        self._branches(node.finalbody)

    def visit_Match(self, node: ast.Match) -> None:
        """One of them, or none."""
        self.visit(node.subject)
        self._branches([], *(case.body for case in node.cases))

    def _branches(self, *branches: list[ast.stmt]) -> None:
        """What only some of them make is not there for certain."""
        window, ended = self._window, []
        for statements in branches:
            self._window = window.copy()
            for statement in statements:
                self.visit(statement)
            ended.append(self._window)
        window.keep_common(*ended)
        self._window = window

    def visit_With(self, node: ast.With) -> None:
        """`with op.batch_alter_table("candidate") as batch_op`."""
        for item in [entry for entry in node.items if not self._batch(entry)]:
            self.visit(item.context_expr)
        for statement in node.body:
            self.visit(statement)

    def _batch(self, item: ast.withitem) -> bool:
        call, name = item.context_expr, item.optional_vars
        if not isinstance(call, ast.Call) or self._names.dotted(call.func) != _BATCH:
            return False
        arguments: dict[str, ast.expr] = dict(
            zip(("table_name", "schema"), call.args, strict=False)
        )
        arguments.update({keyword.arg or "": keyword.value for keyword in call.keywords})
        if isinstance(name, ast.Name):
            table = resolve_name(arguments.get("table_name"), self._known)
            self._batches[name.id] = with_schema(table, arguments.get("schema"), self._known)
        return True

    def visit_Call(self, node: ast.Call) -> None:
        """An operation, SQL, or code that is somewhere else."""
        dotted = self._names.dotted(node.func)
        root, _, rest = dotted.partition(".")
        if root == "op" and rest and "." not in rest:
            self._operation(rest, node, "")
        elif root in self._batches and rest and "." not in rest:
            self._operation(rest, node, self._batches[root])
        elif isinstance(node.func, ast.Attribute) and self._method(node.func.attr, node, dotted):
            self.visit(node.func.value)
        else:
            self._elsewhere(node, dotted)
            self.generic_visit(node)

    def _operation(self, name: str, node: ast.Call, batch: str) -> None:
        if name == "batch_alter_table":
            self._say(node, f"uses op.{name} in a way that Shipway does not read")
        elif name not in HARMLESS:
            done = read_operation(name, node, self._known, batch)
            if done is None:
                self._say(node, f"calls op.{name} with arguments that cannot be read")
            else:
                self.remarks += [(node, remark) for remark in contraction_of(self._window, done)]
        if name in _ROWS:  # what makes the rows or the statement is code, too
            for value in (*node.args, *(keyword.value for keyword in node.keywords)):
                self.visit(value)

    def _method(self, name: str, node: ast.Call, dotted: str) -> bool:
        """SQL through a connection, and what SQLAlchemy's tables and types can do."""
        if name in _EXECUTES:
            sql = ast.copy_location(ast.Call(node.func, node.args[:1], []), node)
            self._operation("execute", sql, "")
            return True
        if name in RULES:
            self._say(node, f"calls {source_of(node)}")
            return True
        if name in ("drop", "drop_all") and dotted.partition(".")[0] != "op":
            self._say(node, f"calls {source_of(node)}", unknown=False)
            return True
        return False

    def _elsewhere(self, node: ast.Call, dotted: str) -> None:
        root = dotted.partition(".")[0]
        origin = self._names.origin(root)
        top = origin.partition(".")[0]
        full_name = origin + dotted.removeprefix(root)
        if {top, origin.rpartition(".")[2]} & _ANYTHING or full_name.startswith(_PROGRAMS):
            self._say(node, f"calls {source_of(node)}, which can do anything")
        elif isinstance(node.func, ast.Subscript) and not self._several:
            self._say(node, f"calls {source_of(node.func)}, which is worked out")
        elif root in self._names and top not in _FREE:
            self._say(node, f"calls {source_of(node.func)}, which is not in the script")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """An operation that is not called here is handed to somebody."""
        if self._names.dotted(node).partition(".")[0] in ("op", *self._batches):
            self._say(node, f"hands on {source_of(node)}")
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """One of the script's own functions, or the operations themselves."""
        if node.id in self._own:
            self._follow(node.id)
        elif self._names.origin(node.id) == "alembic.op" or node.id in self._batches:
            self._say(node, f"hands on {node.id}")


_REVISION = re.compile(r"^revision\b[^=\n]*= *[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_DOWN = re.compile(r"^down_revision\b[^=\n]*=(.*?)(?=^\w|\Z)", re.MULTILINE | re.DOTALL)
_QUOTED = re.compile(r"[\"']([^\"'\n]+)[\"']")
_MIGRATES = re.compile(r"^(?:async )?def (?:upgrade|downgrade)\b|^revision\b", re.MULTILINE)
_DJANGO = re.compile(r"^class Migration\b", re.MULTILINE)


def migration_heads(scripts: Iterable[str]) -> tuple[str, ...]:
    """The revisions that no other revision follows, sorted. `scripts` are the files' texts."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for text in scripts:
        if match := _REVISION.search(text):
            revisions.add(match[1])
            followed.update(_before(text))
    return tuple(sorted(revisions - followed))


def contractions_between(older: Iterable[str], newer: Iterable[str]) -> tuple[Contraction, ...]:
    """What a release with the `older` scripts may trip over once all `newer` ones have run.

    Scripts are the files' texts; what the older release has is known by its revision, whatever
    else its text says. What one new migration makes and another takes away is no loss. Code that
    cannot be read, and Django's migrations, are contractions that are `unknown`.
    """
    old = list(older)
    existing = {match[1] for text in old if (match := _REVISION.search(text))}
    fresh = [text for text in dict.fromkeys(newer) if text not in set(old)]
    results: list[Contraction] = []
    window = MigrationWindow()
    for revision, text in _in_order(fresh):
        if revision not in existing:
            results += read_upgrade(text, revision, window)
    results += [_not_read(text) for text in fresh if not _REVISION.search(text) and _counts(text)]
    return tuple(dict.fromkeys(results))


def unsafe_rollback(target: Iterable[str], current: Iterable[str]) -> tuple[Contraction, ...]:
    """What stands in the way of going back to a release with the `target` scripts.

    The schema stays what the `current` scripts made it: those that the target does not have are
    read, and what a person calls safe does not count. Where several releases have migrated a
    database since, `current` is the scripts of them all.
    """
    return tuple(
        contraction for contraction in contractions_between(target, current) if not contraction.safe
    )


def _before(text: str) -> list[str]:
    """The revisions that a script follows."""
    down = _DOWN.search(text)
    return _QUOTED.findall(down[1]) if down else []


def _in_order(scripts: Iterable[str]) -> list[tuple[str, str]]:
    """(revision, text), each after those that it follows; otherwise by their names."""
    texts = sorted((match[1], text) for text in scripts if (match := _REVISION.search(text)))
    followed: Mapping[str, set[str]] = {
        revision: {before for name, text in texts if name == revision for before in _before(text)}
        for revision, _ in texts
    }
    ordered: list[tuple[str, str]] = []
    left = texts
    while left:
        names = {revision for revision, _ in left}
        ready = [script for script in left if not followed[script[0]] & (names - {script[0]})]
        ordered += ready or left  # a circle: Alembic refuses it
        left = [script for script in left if script not in ready] if ready else []
    return ordered


def _counts(text: str) -> bool:
    """Whether a script without a readable revision may be a migration all the same."""
    return bool(_MIGRATES.search(text) or _DJANGO.search(text))


def _not_read(text: str) -> Contraction:
    if _DJANGO.search(text):
        return Contraction("has migrations of Django, which Shipway does not read", unknown=True)
    return Contraction("has a migration without a revision that can be read", unknown=True)
