"""A tiny application with suites, and the real command on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SHIPWAY = os.path.join(os.path.dirname(sys.executable), "shipway")
APP = (
    "def app(environ, start):\n"
    '    start("200 OK", [("Content-Type", "text/plain")])\n'
    '    return [b"hello"]\n'
    "\n\ndef page():\n    return 1\n"
)
UNIT = (
    "from tiny import app\n\n\ndef test_it_answers():\n"
    '    assert app({}, lambda *_: None) == [b"hello"]\n'
)
SETTINGS = (
    '[application]\nname = "tiny"\npackages = ["tiny"]\n'
    'serve = "gunicorn --bind {bind} tiny:app"\nhealth = "/"\n'
    'unit_tests = "tests/unit"\nbrowser_tests = "tests/browser"\n'
    "[checks]\nmypy = false\nblack = false\nflake8 = false\nruff = false\nruff-format = false\n"
    "pip-audit = false\nlicences = false\nbandit = false\nsemgrep = false\ngitleaks = false\n"
    "gitleaks-history = false\nsbom = false\n"
)


def shipway(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SHIPWAY, "-C", str(folder), *words],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "CI": "", "XDG_CACHE_HOME": str(folder.parent / "cache")},
    )
