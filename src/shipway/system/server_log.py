"""What a server's log says of why the application in it failed. Pure."""

from __future__ import annotations

import re

_OF_SERVER = re.compile(r"^(\[\d{4}-|\[\d+\]|INFO:|ERROR:|WARNING:)")
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(: .*)?$")
_TRACEBACK = "Traceback (most recent"
_FRAME = re.compile(r'^\s*File "([^"\n]+)", line (\d+)', re.MULTILINE)
_ABOVE_RELEASE = re.compile(r"^.*/\.shipway/releases/[^/]+/|^/app/")  # of a process, a container
_LIBRARY = re.compile(r"(^|/)(site-packages|dist-packages|lib/python3[.\d]*)/")


def has_traceback(log: str) -> bool:
    """Whether Python wrote down that something was raised."""
    return _TRACEBACK in log


def last_error(log: str) -> str:
    """The last line of the last error in a server's log, without what the server says of itself."""
    lines = [line.rstrip() for line in log.splitlines() if line.strip()]
    start = max((index for index, line in enumerate(lines) if _TRACEBACK in line), default=-1)
    if start >= 0:
        for line in lines[start + 1 :]:
            if _RAISED.match(line):
                return line
    own = [line for line in lines if not _OF_SERVER.match(line)]
    return (own or lines or ["it ended without a word"])[-1].strip()


def error_place(log: str) -> str:
    """`town/app.py:12`: the application's innermost file in the last traceback; "" for none."""
    last = log.rpartition(_TRACEBACK)[2] if _TRACEBACK in log else ""
    places = [
        f"{_ABOVE_RELEASE.sub('', path)}:{line}"
        for path, line in _FRAME.findall(last)
        if path.startswith("/") and not _LIBRARY.search(path)
    ]
    return places[-1] if places else ""


def failure(log: str) -> str:
    """The error and its place: `KeyError: 'TOWN_KEY' (town/app.py:3)`; "" where there is none."""
    error = last_error(log) if log.strip() else ""
    place = error_place(log)
    return f"{error} ({place})" if place else error
