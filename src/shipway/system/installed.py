"""What is installed on this machine, as far as the times of its folders tell.

A suite of which every test was skipped lacks something of it: a browser, a program, a library, a
service that listens. While nothing of it has changed, asking the tests again gives the same answer
(rule 9 of the cache, docs/architecture.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

# Where browsers are kept that no package manager knows, below the user's home.
_BROWSERS = (
    ".cache/ms-playwright",
    ".cache/puppeteer",
    ".cache/selenium",
    ".wdm",
    "Library/Caches/ms-playwright",
)
# Written whenever a package or a shared library comes or goes; the folder of sockets of services.
_SYSTEM = (
    "/var/lib/dpkg/status",
    "/var/lib/rpm",
    "/usr/lib/sysimage/rpm",
    "/lib/apk/db/installed",
    "/etc/ld.so.cache",
    "/run",
    "/var/run",
)
_MOST_NAMES = 1000  # of a browser folder; those that have more are no browser folders


def installed_state(environment: Mapping[str, str]) -> str:
    """A text that is another one when a program, a browser, a package or a service has come or
    gone. Only names and times are looked at: no file is read, no program started.

    environment: the variables that a step sees; PATH says where programs are, HOME and
    PLAYWRIGHT_BROWSERS_PATH where browsers are.
    """
    folders = [*environment.get("PATH", os.defpath).split(os.pathsep), *_SYSTEM]
    lines = [_line(path) for path in folders]
    for folder in _browser_folders(environment):
        lines.append(_line(folder))
        lines += [_line(path) for path in _entries(folder)]
    return "\n".join(lines)


def _browser_folders(environment: Mapping[str, str]) -> Iterator[str]:
    if home := environment.get("HOME"):
        yield from (os.path.join(home, name) for name in _BROWSERS)
    if folder := environment.get("PLAYWRIGHT_BROWSERS_PATH"):
        yield folder


def _entries(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))[:_MOST_NAMES]
    except OSError:
        return []
    return [os.path.join(folder, name) for name in names]


def _line(path: str) -> str:
    """The name and the time of the last change; of what is not there, that."""
    try:
        return f"{path}\0{os.stat(path).st_mtime_ns}"
    except (OSError, ValueError):  # ValueError: a name with NUL
        return f"{path}\0-"
