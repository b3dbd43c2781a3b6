"""What the imported names of a script stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator


class Names:
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
        whole = ".".join((self.origin(node.id), *names))
        if whole.startswith("alembic.op."):
            return whole.removeprefix("alembic.")
        return ".".join((node.id, *names))


def _imports(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                yield (one.asname, one.name) if one.asname else (top, top)
        elif isinstance(node, ast.ImportFrom):
            above = "." * node.level + (node.module or "")
            for one in node.names:
                yield one.asname or one.name, f"{above}.{one.name}"
