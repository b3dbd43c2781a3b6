"""Writes docs/reference.md from the code: every command, exit code and setting.

python docs/make_reference.py
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
import types
import typing
from argparse import Action
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any

from shipway import errors
from shipway.cli.app import shipway
from shipway.cli.help_page import argument_name, default, value_name
from shipway.cli.parser import Parser
from shipway.config.schema import Config
from shipway.pipeline.outcome import Verdict

PAGE = Path(__file__).parent / "reference.md"
_SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
_NAME = r"[a-z][a-z0-9_]*(?: \([^)]*\))?"
_KEYS = re.compile(rf"(?:^|(?<=[.;] ))({_NAME}(?:(?:, | and |, and ){_NAME})*): ")
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "yes or no", Any: "any"}


def reference() -> str:
    """The page."""
    parts = [
        "# Reference",
        "Made from the code by `python docs/make_reference.py`: change it there.",
        "## Commands",
        *_commands(shipway()),
        "## Exit codes",
        _exit_codes(),
        "## Settings",
        "In `shipway.toml`, or in `pyproject.toml` below `[tool.shipway]`. What is not set has its "
        "default; a key that is not here is an error. Times are seconds.",
        *_tables(Config, ""),
    ]
    return "\n\n".join(parts) + "\n"


# -- commands ---------------------------------------------------------------------------


def _commands(parser: Parser) -> Iterator[str]:
    yield f"### `{parser.prog}`"
    yield _paragraphs(parser.description or "")
    actions = (*parser.arguments, *parser.options)
    if rows := [_parameter(action) for action in actions if action.dest != "help"]:
        yield _table(("word", "default", "what"), rows)
    for name in list(parser.commands):
        yield from _commands(parser.command(name))


def _parameter(action: Action) -> tuple[str, str, str]:
    names = [f"{name} {value_name(action)}".strip() for name in action.option_strings]
    known = default(action)
    shown = f"`{known}`" if known else "required" if action.required else ""
    names = names or [argument_name(action)]
    return ", ".join(f"`{name}`" for name in names), shown, action.help or ""


# -- exit codes -------------------------------------------------------------------------


def _exit_codes() -> str:
    codes: dict[int, list[str]] = {}
    for verdict in Verdict:
        strictly = verdict.exit_code(strict=True)
        word = str(verdict) if verdict.exit_code(strict=False) == strictly else f"{verdict}, strict"
        codes.setdefault(strictly, []).append(word)
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.ShipwayError):
            codes.setdefault(kind.exit_code, []).append(f"{name}: {_first(kind)}")
    rows = [(f"`{code}`", "; ".join(words)) for code, words in sorted(codes.items())]
    return _table(("code", "what"), rows)


def _first(kind: type) -> str:
    return (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ").rstrip(".")


# -- settings ---------------------------------------------------------------------------


def _tables(kind: type, path: str) -> Iterator[str]:
    """A table of settings, and those below it, in the order of the code."""
    hints = typing.get_type_hints(kind, include_extras=True)
    below = {one.name: found for one in fields(kind) if (found := _inner(hints[one.name]))}
    if path:
        intro, meanings = _meanings(kind)
        yield f"### `{path}`"
        if intro:
            yield intro
    else:
        _, meanings = _meanings(kind)
    rows = [
        (f"`{one.name}`", _type(hints[one.name]), _default(one), meanings.get(one.name, ""))
        for one in fields(kind)
        if one.name not in below
    ]
    if rows and not path:
        yield "### At the top"
    if rows:
        yield _table(("key", "type", "default", "what"), rows)
    for name, (inner, form) in below.items():
        yield from _tables(inner, _path(path, name, form))


def _path(path: str, name: str, form: str) -> str:
    inside = path.strip("[]")
    whole = f"{inside}.{name}" if inside else name
    return {"list": f"[[{whole}]]", "dict": f"[{whole}.NAME]"}.get(form, f"[{whole}]")


def _inner(hint: Any) -> tuple[type, str] | None:
    """The dataclass that a key holds one, a table or a list of."""
    if is_dataclass(hint):
        return typing.cast(type, hint), "one"
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is dict and is_dataclass(arguments[1]):
        return typing.cast(type, arguments[1]), "dict"
    if origin is tuple and is_dataclass(arguments[0]):
        return typing.cast(type, arguments[0]), "list"
    return None


def _type(hint: Any) -> str:
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _limited(arguments)
    if origin is typing.Literal:
        return ", ".join(f"`{json.dumps(one)}`" for one in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join("nothing" if one is type(None) else _type(one) for one in arguments)
    if origin is tuple:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"table of {_type(arguments[1])}"
    return str(getattr(hint, "__name__", hint))


def _limited(arguments: tuple[Any, ...]) -> str:
    kind, *limits = arguments
    bounds = [
        f"{sign} {getattr(limit, name):g}"
        for limit in limits
        for name, sign in _SIGNS.items()
        if hasattr(limit, name)
    ]
    if any(hasattr(limit, "min_length") for limit in limits):
        bounds.append("not empty")
    return ", ".join([_type(kind), *bounds])


def _default(one: Field[Any]) -> str:
    if one.default is not MISSING:
        value = one.default
    elif one.default_factory is not MISSING:
        value = one.default_factory()
    else:
        return "required"
    return "" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _meanings(kind: type) -> tuple[str, dict[str, str]]:
    """What a table is about, and each key, from the docstring and the comments beside the keys."""
    names = {one.name for one in fields(kind)}
    intro: list[str] = []
    found = _comments(kind)
    for paragraph in (inspect.getdoc(kind) or "").split("\n\n"):
        text = " ".join(paragraph.split())
        at = [match for match in _KEYS.finditer(text) if set(_listed(match[1])) <= names]
        before = text[: at[0].start()] if at else text
        if before.strip():
            intro.append(before.strip())
        ends = [*(match.start() for match in at[1:]), len(text)]
        for match, end in zip(at, ends, strict=False):
            words = text[match.end() : end].strip().rstrip(".;")
            for name in _listed(match[1]):
                found[name] = "; ".join(one for one in (words, found.get(name, "")) if one)
        for name, words in re.findall(r"([a-z][a-z0-9_]*) \(([^)]*)\)", text):
            if name in names:
                found.setdefault(name, words)
    return "\n\n".join(intro), found


def _listed(words: str) -> list[str]:
    bare = re.sub(r" \([^)]*\)", "", words)
    return [word for word in re.split(r", and |, | and ", bare) if word]


def _comments(kind: type) -> dict[str, str]:
    source = textwrap.dedent(inspect.getsource(kind))
    lines = source.splitlines()
    (tree,) = ast.parse(source).body
    found = {}
    for node in getattr(tree, "body", ()):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            rest = lines[(node.end_lineno or 1) - 1].encode()[node.end_col_offset :].decode()
            comment = rest.partition("#")[2].strip()
            if comment and comment != "fmt: skip":
                found[node.target.id] = comment
    return found


# -- Markdown ---------------------------------------------------------------------------


def _paragraphs(text: str) -> str:
    whole = [" ".join(one.split()) for one in inspect.cleandoc(text).split("\n\n")]
    return "\n\n".join(re.sub(r"^Example: (.*)$", r"Example: `\1`", one) for one in whole)


def _table(heads: tuple[str, ...], rows: list[Any]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
