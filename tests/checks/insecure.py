"""The tiny application made insecure, for real scanners to find; none of it is ever run."""

from __future__ import annotations

from collections.abc import Mapping

from . import tiny

_UNSAFE = """import subprocess


def look(name, cursor):
    cursor.execute("SELECT * FROM wards WHERE name = '%s'" % name)
    return subprocess.run("ls " + name, shell=True)


def debt(name):
    try:
        return len(name)
    except Exception:  # nosec B110
        pass
"""

BANDIT = {
    "bad": {**tiny.CLEAN, "town/unsafe.py": _UNSAFE},
    "clean": tiny.CLEAN,
    "nothing": tiny.NOTHING,
    "syntax": {**tiny.SYNTAX, "town/unsafe.py": _UNSAFE},
    "no-package": {"README": "no package here\n"},
}

CASES: dict[tuple[str, str], Mapping[str, str]] = {
    (name, case): files
    for name, cases in {
        "bandit": BANDIT,
    }.items()
    for case, files in cases.items()
}
