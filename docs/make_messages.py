"""Writes docs/messages.md from the code: every failure message, by its error code.

python docs/make_messages.py
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import shipway
from shipway import errors
from shipway.reports.error_docs import cause_code

PAGE = Path(__file__).parent / "messages.md"
SOURCE = Path(shipway.__file__).parent
PROGRAMS = ("scripts", "injected")  # folders of what runs in other programs
_STANDS = "…"  # for what is filled in
_CAUSES = {"fail": 0}  # method → place of the message among its arguments
_REASONS = ("StepResult", "_result", "replace")  # calls that take a `reason`


class Message(NamedTuple):
    """text: with … for what is filled in; all of it, where the whole message is given."""

    text: str
    code: errors.ErrorCode
    place: str


def kinds() -> list[type[errors.ShipwayError]]:
    """Every kind of error there is: all modules are imported, but what runs in other programs."""
    for module in pkgutil.walk_packages(shipway.__path__, "shipway."):
        if module.name.split(".")[-2] not in PROGRAMS and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = [errors.ShipwayError]
    for kind in found:
        found += kind.__subclasses__()
    return found


def messages() -> list[Message]:
    """Every error that is made, and every cause and reason that is given, in the source."""
    found: list[Message] = []
    known = {kind.__name__: kind for kind in kinds()}
    for path in sorted(SOURCE.rglob("*.py")):
        if path.parent.name in PROGRAMS:  # other programs, with errors of their own
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        place = path.relative_to(SOURCE).as_posix()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found += [Message(text, code, place) for text, code in _of(node, known)]
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "reason":
                texts = [text for text in _texts(node.value) if " " in text]
                found += [Message(text, cause_code(text), place) for text in texts]
    return sorted(set(found), key=lambda one: (one.place, one.text))


def _of(
    call: ast.Call, known: dict[str, type[errors.ShipwayError]]
) -> Iterator[tuple[str, errors.ErrorCode]]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in known and call.args:
        for text in _texts(call.args[0]):
            yield text, _code(call) or known[name].default_code
    elif name in _CAUSES and len(call.args) > _CAUSES[name]:
        for text in _texts(call.args[_CAUSES[name]]):
            yield text, cause_code(text)
    elif name in _REASONS:
        given = [word.value for word in call.keywords if word.arg == "reason"]
        if name == "_result":
            given = call.args[2:3]
        for text in [text for value in given for text in _texts(value)]:
            if text.strip(_STANDS) and _failed(call):
                yield text, _code(call) or cause_code(text)


def _code(call: ast.Call) -> errors.ErrorCode | None:
    """The code that is given where an error is made."""
    return next(
        (
            ast.literal_eval(word.value)
            for word in call.keywords
            if word.arg == "code" and isinstance(word.value, ast.Constant)
        ),
        None,
    )


def _failed(call: ast.Call) -> bool:
    """Not of a step that passed or was left out on purpose."""
    return "Outcome.SKIPPED" not in ast.unparse(call)


def _texts(node: ast.expr) -> list[str]:
    """What a message can say: each branch, with … for what is filled in."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        fixed = (getattr(one, "value", "") for one in node.values)
        return ["".join(one if isinstance(one, str) else _STANDS for one in fixed)]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body), *_texts(node.orelse)]
    if isinstance(node, ast.BoolOp):
        return [text for one in node.values for text in _texts(one)]
    if isinstance(node, ast.BinOp):
        return [a + b for a in _texts(node.left) for b in _texts(node.right)]
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "strip":
        return _texts(node.func.value)  # type: ignore[attr-defined]
    return [_STANDS]


def page() -> str:
    """The page, by code."""
    by_code: dict[str, list[str]] = {}
    for one in messages():
        text = one.text if one.text.strip(_STANDS) else f"(what {one.place} has of another)"
        by_code.setdefault(one.code, []).append(" ".join(text.split()))
    lines = [
        "# Messages",
        "",
        "Every failure that Shipway can print, below its error code; … is filled in. The link, and",
        "`shipway explain CODE`, lead to what the code means.",
        "Made from the code by `python docs/make_messages.py`.",
    ]
    for code, texts in sorted(by_code.items()):
        lines += ["", f"## [{code}](troubleshooting.md#{code})"]
        lines += [f"- {_cell(text)}" for text in sorted(set(texts))]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
