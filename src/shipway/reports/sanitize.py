"""Text from outside made harmless: for terminals and CI logs, and for XML.

File names, messages and log lines are written by whoever writes the code under test. On a
terminal an escape sequence could hide a failure or set the clipboard; in GitHub's log a line
that begins with `::` is a command to the runner.
"""

from __future__ import annotations

import re

LONGEST_LINE = 500
# In order: operating-system commands and other strings, control sequences, two-character ones.
_ESCAPES = re.compile(
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
# Controls, and the marks that turn the direction of writing around and so disguise text.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def one_line(text: str, longest: int = LONGEST_LINE) -> str:
    """One line that a terminal shows as it is, and that no CI takes for a command."""
    if not text.isprintable():
        text = " ".join(_without_controls(text).split())
    if "::" in text or "##[" in text:
        text = _without_commands(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def is_one_line(text: str) -> bool:
    """Whether `one_line` would leave the text, and every part of it, as it is."""
    return text.isprintable() and "::" not in text and "##[" not in text


def log_line(text: str, longest: int = LONGEST_LINE) -> str:
    """Like `one_line`, but its indentation stays."""
    expanded = text.rstrip().expandtabs(4)
    indent = len(expanded) - len(expanded.lstrip(" "))
    return " " * min(indent, 40) + one_line(expanded.strip(), longest)


def plain_text(text: str) -> str:
    """Several lines without escape sequences, controls and disguises."""
    return _without_controls(text.replace("\r\n", "\n")) if not text.isprintable() else text


def xml_text(text: str) -> str:
    """Text with nothing that XML 1.0 forbids; what XML quotes is left to the writer of it."""
    return _NOT_XML.sub("", _ESCAPES.sub("", text))


def _without_controls(text: str) -> str:
    stripped = _ESCAPES.sub("", text)
    shown = _CONTROLS.sub(" ", stripped)
    return shown.encode("utf-8", "replace").decode()  # lone surrogates cannot be written


def _without_commands(text: str) -> str:
    start = text.lstrip()
    if start.startswith("::"):
        text = f": :{start[2:]}"
    return text.replace("##[", "## [")
