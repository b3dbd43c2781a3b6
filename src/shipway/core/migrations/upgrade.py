"""Reads the `upgrade()` of a migration, by its syntax tree, without running it."""

from __future__ import annotations

import ast
import sys
import warnings

from shipway.core.migrations.contraction import Contraction, Marks
from shipway.core.migrations.literals import code, constants, name_of
from shipway.core.migrations.names import Names
from shipway.core.migrations.operation import in_schema, operation
from shipway.core.migrations.rules import HARMLESS, RULES, taken_away
from shipway.core.migrations.window import Remark, Window

_FREE = sys.stdlib_module_names | {"sqlalchemy", "alembic", "flask"}
# What can do anything, though it comes with Python.
_ANYTHING = {"eval", "exec", "__import__", "importlib", "subprocess", "runpy", "command"}
_PROGRAMS = ("os.system", "os.popen", "os.exec", "os.spawn", "os.posix_spawn")
_ROWS = ("bulk_insert", "execute")
_EXECUTES = ("execute", "exec_driver_sql", "scalar", "scalars")
_BATCH = "op.batch_alter_table"
_MULTIPLE = "upgrade_"  # Flask-Migrate's form for several databases has one function for each


def read_upgrade(text: str, revision: str, window: Window) -> list[Contraction]:
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
    marks = Marks(text)
    return [
        Contraction(
            one.what, revision, one.unknown, marks.reason(node.lineno, node.end_lineno or 0)
        )
        for node, one in reading.remarks
    ]


class _Reading(ast.NodeVisitor):
    """Walks through what `upgrade()` does, and through the script's own functions it names."""

    def __init__(self, module: ast.Module, window: Window) -> None:
        self.remarks: list[tuple[ast.expr | ast.stmt, Remark]] = []
        self._window = window
        self._known = constants(module)
        self._names = Names(module)
        self._own: dict[str, ast.stmt] = {
            node.name: node for node in module.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }  # fmt: skip
        self._batches: dict[str, str] = {}  # name → table
        self._begun: set[str] = set()
        self._several = any(name.startswith(_MULTIPLE) for name in self._own)
        self._module = module

    def read(self) -> None:
        """From the top."""
        starts = [name for name in self._own if name == "upgrade" or name.startswith(_MULTIPLE)]
        if "upgrade" not in starts:
            last = self._module.body[-1] if self._module.body else ast.Pass(lineno=1)
            self.remarks.append((last, Remark("has no upgrade() that can be read", unknown=True)))
        for name in starts:
            self._follow(name)

    def _follow(self, name: str) -> None:
        if name not in self._begun:
            self._begun.add(name)
            self.generic_visit(self._own[name])

    def _say(self, node: ast.expr | ast.stmt, what: str, *, unknown: bool = True) -> None:
        self.remarks.append((node, Remark(what, unknown)))

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
        self._branches(node.body, [], *(one.body for one in node.handlers), node.orelse)
        self._branches(node.finalbody)

    def visit_Match(self, node: ast.Match) -> None:
        """One of them, or none."""
        self.visit(node.subject)
        self._branches([], *(one.body for one in node.cases))

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
        for item in [one for one in node.items if not self._batch(one)]:
            self.visit(item.context_expr)
        for statement in node.body:
            self.visit(statement)

    def _batch(self, item: ast.withitem) -> bool:
        call, name = item.context_expr, item.optional_vars
        if not isinstance(call, ast.Call) or self._names.dotted(call.func) != _BATCH:
            return False
        given: dict[str, ast.expr] = dict(zip(("table_name", "schema"), call.args, strict=False))
        given.update({one.arg or "": one.value for one in call.keywords})
        if isinstance(name, ast.Name):
            table = name_of(given.get("table_name"), self._known)
            self._batches[name.id] = in_schema(table, given.get("schema"), self._known)
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
            done = operation(name, node, self._known, batch)
            if done is None:
                self._say(node, f"calls op.{name} with arguments that cannot be read")
            else:
                self.remarks += [(node, remark) for remark in taken_away(self._window, done)]
        if name in _ROWS:  # what makes the rows or the statement is code, too
            for value in (*node.args, *(one.value for one in node.keywords)):
                self.visit(value)

    def _method(self, name: str, node: ast.Call, dotted: str) -> bool:
        """SQL through a connection, and what SQLAlchemy's tables and types can do."""
        if name in _EXECUTES:
            sql = ast.copy_location(ast.Call(node.func, node.args[:1], []), node)
            self._operation("execute", sql, "")
            return True
        if name in RULES:
            self._say(node, f"calls {code(node)}")
            return True
        if name in ("drop", "drop_all") and dotted.partition(".")[0] != "op":
            self._say(node, f"calls {code(node)}", unknown=False)
            return True
        return False

    def _elsewhere(self, node: ast.Call, dotted: str) -> None:
        root = dotted.partition(".")[0]
        origin = self._names.origin(root)
        top = origin.partition(".")[0]
        whole = origin + dotted.removeprefix(root)
        if {top, origin.rpartition(".")[2]} & _ANYTHING or whole.startswith(_PROGRAMS):
            self._say(node, f"calls {code(node)}, which can do anything")
        elif isinstance(node.func, ast.Subscript) and not self._several:
            self._say(node, f"calls {code(node.func)}, which is worked out")
        elif root in self._names and top not in _FREE:
            self._say(node, f"calls {code(node.func)}, which is not in the script")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """An operation that is not called here is handed to somebody."""
        if self._names.dotted(node).partition(".")[0] in ("op", *self._batches):
            self._say(node, f"hands on {code(node)}")
        else:
            self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        """One of the script's own functions, or the operations themselves."""
        if node.id in self._own:
            self._follow(node.id)
        elif self._names.origin(node.id) == "alembic.op" or node.id in self._batches:
            self._say(node, f"hands on {node.id}")
