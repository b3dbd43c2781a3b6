"""How an application is started for a rehearsal: wrapped, so that faults can be inside it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from shipway.core.errors import ConfigError
from shipway.core.fault import Fault, FaultKind

MODULE = "shipway_fault"
SLOW_PATH = "/-shipway/slow"  # answers after half a second
STREAM_PATH = "/-shipway/stream"  # begins at once and takes half a second

# `package.module:name`, `package.module:make()`; no address begins like that.
_ENTRY = re.compile(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_][\w.]*(\(.*\))?")
_FAILS = "import sys; sys.exit('the migration fails, as the rehearsal ordered')"


@dataclass(frozen=True)
class Drill:
    """What wraps an application. serve: the command. env: what it needs besides."""

    serve: str
    env: Mapping[str, str]


def wrap(serve: str, health: str, folder: str, path: str) -> Drill:
    """The serve command with the wrapper in place of the application's entry.

    folder: where the wrapper's module is. path: the application's own PYTHONPATH. Raises
    ConfigError where the command names no entry. gunicorn's and uvicorn's forms are known,
    factories (`module:make()`, --factory) too.
    """
    words = shlex.split(serve)
    places = [place for place, word in enumerate(words) if _ENTRY.fullmatch(word)]
    if not places:
        raise ConfigError(
            f"the serve command names no application to wrap: {serve}",
            "A rehearsal needs one such as: gunicorn main.wsgi:app, or: uvicorn main:app.",
        )
    entry = words[places[-1]]
    factory = "--factory" in words
    words[places[-1]] = f"{MODULE}:make" if factory else f"{MODULE}:app"
    return Drill(
        shlex.join(words).replace("'{bind}'", "{bind}"),
        {
            "PYTHONPATH": f"{folder}:{path}" if path else folder,
            "SHIPWAY_ENTRY": f"{entry}()" if factory else entry,
            "SHIPWAY_HEALTH": health,
        },
    )


def ordered(fault: Fault, release: str, trigger: str) -> dict[str, str]:
    """What tells the wrapper which release has the fault.

    trigger: the file at whose coming a crash happens.
    """
    return {
        "SHIPWAY_FAULT": str(fault.kind),
        "SHIPWAY_FAULT_AMOUNT": repr(fault.amount),
        "SHIPWAY_FAULT_EXTRA": repr(fault.extra),
        "SHIPWAY_FAULT_RELEASE": release,
        "SHIPWAY_FAULT_TRIGGER": trigger if fault.kind is FaultKind.CRASH_AT else "",
    }


def failing_migration() -> str:
    """A command in place of the candidate's migration."""
    return shlex.join(("python", "-c", _FAILS))
