"""The environment variables that an application reads, by its syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shipway.core.parsing import parsed

# Functions of django-environ, environs and python-decouple: env("X"), config("X", default=…).
_READERS = {"env", "config"}
_TYPES = {"str", "int", "bool", "float", "list", "url", "db", "db_url", "cache", "json", "path"}
_PLATFORM = {"HOME", "PATH", "USER", "PWD", "TMPDIR", "LANG", "TERM", "SHELL", "CI"}


@dataclass(frozen=True)
class Variable:
    """required: without it, reading it raises. place: `path:line` of the first reading."""

    name: str
    required: bool
    place: str


def variables(texts: Iterable[tuple[str, str]]) -> tuple[Variable, ...]:
    """The variables of (path, text) pairs, by name; required wins over optional."""
    found: dict[str, Variable] = {}
    for path, text in texts:
        tree = parsed(text)
        for name, required, line in _read(tree) if tree else ():
            if name in _PLATFORM or not name.replace("_", "").isalnum():
                continue
            known = found.get(name)
            if known is None or (required and not known.required):
                found[name] = Variable(name, required, f"{path}:{line}")
    return tuple(found[name] for name in sorted(found))


def _read(tree: ast.Module) -> Iterator[tuple[str, bool, int]]:
    set_here = {name for node in ast.walk(tree) for name in _set_by(node)}
    complaints = {word for text in _complaints(tree) for word in re.findall(r"\w+", text)}
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(ctx=ast.Load(), slice=ast.Constant(value=str(name))) if _is_environ(
                node.value
            ):
                yield name, name not in set_here, node.lineno
            case ast.Call(args=[ast.Constant(value=str(name)), *rest]) if (
                _reads(node.func) and name.replace("_", "").isalnum()
            ):
                default = bool(rest) or any(key.arg == "default" for key in node.keywords)
                missed = _raises(node.func) or name in complaints
                yield name, missed and not default and name not in set_here, node.lineno


def _complaints(tree: ast.Module) -> Iterator[str]:
    """The texts of what is raised: an application that misses a variable says its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            for one in ast.walk(node.exc):
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    yield one.value


def _set_by(node: ast.AST) -> Iterator[str]:
    """os.environ.setdefault("X", …) and os.environ["X"] = …: it brings its own."""
    match node:
        case ast.Call(
            func=ast.Attribute(attr="setdefault", value=owner),
            args=[ast.Constant(value=str(name)), _],
        ) if _is_environ(owner):
            yield name
        case ast.Subscript(ctx=ast.Store(), slice=ast.Constant(value=str(name)), value=owner) if (
            _is_environ(owner)
        ):
            yield name


def _is_environ(node: ast.AST) -> bool:
    """os.environ, or environ."""
    if isinstance(node, ast.Attribute):
        return node.attr == "environ"
    return isinstance(node, ast.Name) and node.id == "environ"


def _reads(function: ast.expr) -> bool:
    match function:
        case ast.Attribute(attr="get", value=owner) if _is_environ(owner):
            return True
        case ast.Attribute(attr="getenv") | ast.Name(id="getenv"):
            return True
        case ast.Attribute(value=ast.Name(id="env"), attr=kind):
            return kind in _TYPES
        case ast.Name(id=name):
            return name in _READERS
    return False


def _raises(function: ast.expr) -> bool:
    """Whether it raises where the variable is not set."""
    match function:
        case ast.Attribute(attr="get" | "getenv") | ast.Name(id="getenv"):
            return False
    return True
