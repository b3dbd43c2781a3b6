"""Python source as a tree."""

from __future__ import annotations

import ast


def parsed(text: str) -> ast.Module | None:
    """The tree of a file; None where Python cannot read it."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
