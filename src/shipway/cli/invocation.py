"""From the command's words to the call they mean.

Parsing is pure: the same words mean the same call. Importing Typer costs more than a whole
unchanged run of a thousand steps, so what words were parsed to is remembered in the
user's cache folder, under Shipway's version. Losing that file loses nothing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from shipway import __version__
from shipway.core.errors import ShipwayError

_CALLS = {
    **dict.fromkeys(("run", "plan"), "shipway.cli.running"),
    "report": "shipway.cli.reporting",
    "import_": "shipway.cli.importing",
    **dict.fromkeys(
        ("deploy", "rollback", "resume", "cancel", "status", "down"),
        "shipway.cli.deploying",
    ),
    "clean": "shipway.cli.cleaning",
    "clean_aws": "shipway.cli.cleaning_aws",
    "cost": "shipway.cli.costing",
    "logs": "shipway.cli.showing_logs",
    "hold": "shipway.cli.holding",
    "policy": "shipway.cli.policing",
    "task": "shipway.cli.tasking",
    **dict.fromkeys(
        ("monitor_show", "monitor_plan", "monitor_apply", "monitor_replay"),
        "shipway.cli.monitoring",
    ),
    "notify": "shipway.cli.notifying",
    "promote": "shipway.cli.promoting",
    "rehearse": "shipway.cli.rehearsing",
    **dict.fromkeys(
        ("infra_plan", "infra_apply", "infra_destroy", "infra_drift"), "shipway.cli.stacking"
    ),
    "secret_set": "shipway.cli.keeping_secrets",
    **dict.fromkeys(("image_build", "image_scan", "image_push"), "shipway.cli.imaging"),
    **dict.fromkeys(
        ("write_workflows", "check_workflows", "diff_workflows"), "shipway.cli.workflowing"
    ),
    "init": "shipway.cli.initing",
}
_KEPT = 64  # invocations remembered


def invoke(words: Sequence[str]) -> int:
    """Carry out a command line; returns the exit code. Prints errors, with what to do next."""
    try:
        remembered = _recall(words)
        if remembered is not None:
            return _perform(*remembered)
        from shipway.cli.app import parse

        return parse(words)
    except ShipwayError as error:
        return _tell(error, {})
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains at its end
        return 1  # nobody read how it went: that is no success (Typer says the same)


def _tell(error: ShipwayError, options: Mapping[str, Any]) -> int:
    """Print an error, with what to do next as it is typed here; its exit code."""
    from shipway.cli.invoked import invocation

    here = invocation(options.get("directory", "."), options.get("environment", ""))
    sys.stderr.write(f"shipway: {here.text(error.message)}\n")
    if error.remedy:
        sys.stderr.write(f"  next: {here.text(error.remedy)}\n")
    sys.stderr.write(f"  more: {_more(error)}\n")
    return error.exit_code


def _more(error: ShipwayError) -> str:
    """The entry that explains it."""
    from shipway.core.runbook import more

    return more(error.message, type(error))


def call(command: str, options: dict[str, Any]) -> int:
    """Carry out what was parsed, and remember that these words mean it."""
    _remember(sys.argv[1:], [command, options])
    return _perform(command, options)


def _perform(command: str, options: dict[str, Any]) -> int:
    try:
        return _function(command)(**options)
    except ShipwayError as error:
        return _tell(error, options)


def _function(command: str) -> Callable[..., int]:
    function: Callable[..., int] = getattr(import_module(_CALLS[command]), command)
    return function


def _path() -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(home, "shipway", f"calls-{__version__}.json")


def _load() -> dict[str, Any]:
    try:
        with open(_path(), encoding="utf-8") as file:
            calls: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return {}
    return calls if isinstance(calls, dict) else {}


def _recall(words: Sequence[str]) -> tuple[str, dict[str, Any]] | None:
    found = _load().get("\0".join(words))
    if not isinstance(found, list) or len(found) != 2 or found[0] not in _CALLS:
        return None
    command, options = found
    code = _function(command).__code__  # an updated Shipway may take other options
    taken = set(code.co_varnames[: code.co_kwonlyargcount])
    return (command, options) if isinstance(options, dict) and taken == set(options) else None


def _remember(words: Sequence[str], meaning: list[Any]) -> None:
    from shipway.effects.files import write_atomic

    calls = _load()
    calls["\0".join(words)] = meaning
    kept = dict(list(calls.items())[-_KEPT:])
    with suppress(OSError):
        write_atomic(_path(), json.dumps(kept).encode(), 0o600)
