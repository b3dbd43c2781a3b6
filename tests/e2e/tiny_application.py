"""An application that is quick to start."""

from __future__ import annotations

from pathlib import Path

from tests.cli.in_process import only, project

from shipway.system.network import free_port

APP = (
    "def app(environ, start):\n"
    '    start("200 OK", [("Content-Type", "text/plain")])\n'
    '    return [b"hello"]\n'
)


def tiny_project(folder: Path) -> Path:
    """The application with an environment on this machine, and no check."""
    configuration = (
        '[application]\nname = "tiny"\nserve = "gunicorn --bind {bind} tiny:app"\nhealth = "/"\n'
        f"{only()}[environments.local]\nport = {free_port()}\ninstances = 1\nhealth_timeout = 15\n"
    )
    return project(
        folder, configuration, {"tiny/__init__.py": APP, "requirements.txt": "gunicorn\n"}
    )
