"""Text files of other people, in whichever encoding they were saved."""

from __future__ import annotations

import ast
import codecs
import re

_MARKS = (
    codecs.BOM_UTF8,
    codecs.BOM_UTF32_LE,
    codecs.BOM_UTF32_BE,
    codecs.BOM_UTF16_LE,
    codecs.BOM_UTF16_BE,
)
_CODECS = ("utf-8-sig", "utf-32", "utf-32", "utf-16", "utf-16")
# PEP 263; pip reads requirements by it, too.
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.MULTILINE)


def decode_text(data: bytes) -> str:
    """By its byte order mark, or by what it says of itself; else UTF-8, else Latin-1.

    Never raises: what no codec can read is Latin-1, in which every byte is a letter.
    """
    for mark, codec in zip(_MARKS, _CODECS, strict=True):
        if data.startswith(mark):
            return data.decode(codec, "replace")
    match = _CODING.search(b"\n".join(data.splitlines()[:2]))
    for codec in (match[1].decode("ascii", "replace") if match else "utf-8", "utf-8"):
        try:
            return data.decode(codec)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("latin-1")


# Python source as a tree.


def parse_source(text: str) -> ast.Module | None:
    """The tree of a file; None where Python cannot read it."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
