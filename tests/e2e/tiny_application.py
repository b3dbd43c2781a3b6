"""An application that is quick to start."""

from __future__ import annotations

APP = (
    "def app(environ, start):\n"
    '    start("200 OK", [("Content-Type", "text/plain")])\n'
    '    return [b"hello"]\n'
)
