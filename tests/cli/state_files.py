"""All that Shipway keeps of a project."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def kept(web: Path) -> dict[str, bytes]:
    """Every file of the state folder, and the rows of the record as one text."""
    state = web / ".shipway"
    files = [path for path in state.rglob("*") if path.is_file() and "venvs" not in path.parts]
    found = {str(path.relative_to(state)): path.read_bytes() for path in files}
    with sqlite3.connect(state / "record.sqlite3") as db:
        found["rows"] = "\n".join(db.iterdump()).encode()
    return found
