"""Comments that silence a tool at a line: counted, so that nobody silences one unseen."""

from __future__ import annotations

import re

# tool → (a word of its mark, the mark): a word is found far faster than a pattern with \b.
_MARKS = {
    "bandit": ("nosec", re.compile(r"#\s*nosec\b")),
    "semgrep": ("nosem", re.compile(r"\bnosem(?:grep)?\b")),
    "gitleaks": ("gitleaks:allow", re.compile(r"\bgitleaks:allow\b")),
    "trufflehog": ("trufflehog:ignore", re.compile(r"\btrufflehog:ignore\b")),
    "hadolint": ("hadolint", re.compile(r"#\s*hadolint\s+(?:global\s+)?ignore=")),
    "zizmor": ("zizmor:", re.compile(r"#\s*zizmor:\s*ignore")),
    "checkov": ("checkov:skip=", re.compile(r"\bcheckov:skip=")),
    "trivy": ("trivy:ignore:", re.compile(r"\btrivy:ignore:")),
    "ruff": ("noqa:", re.compile(r"#\s*noqa:.*\bS\d{3}\b")),  # its security rules
}


def suppressions(path: str, text: str) -> list[tuple[str, str]]:
    """(tool, place) of every comment in a file that silences a security tool."""
    marks = [(tool, mark) for tool, (word, mark) in _MARKS.items() if word in text]
    if not marks:
        return []
    return [
        (tool, f"{path}:{number}")
        for number, row in enumerate(text.splitlines(), 1)
        for tool, mark in marks
        if mark.search(row)
    ]
