"""A project that an image is built of."""

from __future__ import annotations

from pathlib import Path

from tests.cli.in_process import git, only, project
from tests.images.engines import SMALL

FILES = {
    "Dockerfile": SMALL,
    "main/run": "#!/bin/sh\n",
    "main/page": "hello\n",
    "data/towns": "a\n" * 50,
    "requirements.txt": "",
    "web.py": "",
    "pyproject.toml": '[project]\nname = "town"\n',
    ".gitignore": ".shipway/\n.env\n",
    ".env": "not for the image\n",
}
SETTINGS = """[application]
name = "town"
version = "1.4.0"
serve = "gunicorn web:app"
unit_tests = ""
{checks}
[image]
builder = "{builder}"
registry = "{registry}"
source = "https://example.org/town"
{more}
[environments.staging]
platform = "local"
"""


def town(folder: Path, builder: str, registry: str = "", more: str = "") -> Path:
    """A project with one commit."""
    text = SETTINGS.format(checks=only(), builder=builder, registry=registry, more=more)
    made = project(folder, text, FILES)
    git(made, "init", "--quiet")
    commit(made)
    return made


def commit(folder: Path, hour: int = 0) -> str:
    """A commit of all files, of that hour of a fixed day."""
    time = f"2026-01-01T{hour:02}:00:00Z"
    git(folder, "add", "--all")
    times = {"GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time}
    git(folder, "commit", "--quiet", "--message", "work", **times)
    return git(folder, "rev-parse", "HEAD")
