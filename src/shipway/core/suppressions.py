"""Comments that silence a tool at a line: counted, so that nobody silences one unseen."""

from __future__ import annotations

import re

_MARKS = {
    "bandit": re.compile(r"#\s*nosec\b"),
    "semgrep": re.compile(r"\bnosem(?:grep)?\b"),
    "gitleaks": re.compile(r"\bgitleaks:allow\b"),
    "trufflehog": re.compile(r"\btrufflehog:ignore\b"),
    "hadolint": re.compile(r"#\s*hadolint\s+(?:global\s+)?ignore="),
    "zizmor": re.compile(r"#\s*zizmor:\s*ignore"),
    "checkov": re.compile(r"\bcheckov:skip="),
    "trivy": re.compile(r"\btrivy:ignore:"),
    "ruff": re.compile(r"#\s*noqa:.*\bS\d{3}\b"),  # its security rules
}


def suppressions(path: str, text: str) -> list[tuple[str, str]]:
    """(tool, place) of every comment in a file that silences a security tool."""
    marks = [(tool, mark) for tool, mark in _MARKS.items() if mark.search(text)]
    if not marks:
        return []
    return [
        (tool, f"{path}:{number}")
        for number, row in enumerate(text.splitlines(), 1)
        for tool, mark in marks
        if mark.search(row)
    ]
