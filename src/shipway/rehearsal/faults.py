"""Faults on demand: what is to go wrong in a rehearsal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shipway.errors import ConfigError


class FaultKind(StrEnum):
    """What can go wrong.

    The first five are in the candidate itself, which Shipway wraps for it.
    """

    ERROR = "error"  # a share of its requests is answered with 500; its health is good
    SLOW = "slow"  # it takes longer; its health is good
    CRASH_AT = "crash-at"  # its process ends, once it has that share of the traffic
    NEVER_HEALTHY = "never-healthy"  # its health check is bad from the start
    HANG = "hang"  # it starts well; then nothing of it answers any more
    BAD_MIGRATION = "bad-migration"  # its migration fails
    KILL_INSTANCE = "kill-instance"  # one of its instances is killed while it serves
    KILL_PROXY = "kill-proxy"  # Envoy is killed while traffic moves
    KILL_SHIPWAY = "kill-shipway"  # the command that rolls out is killed while traffic moves

    @property
    def inside(self) -> bool:
        """Whether the candidate has it itself."""
        return self in _INSIDE

    @property
    def kills(self) -> bool:
        """Whether the rehearsal kills a process."""
        return self.startswith("kill-")


_INSIDE = frozenset(
    (FaultKind.ERROR, FaultKind.SLOW, FaultKind.CRASH_AT, FaultKind.NEVER_HEALTHY, FaultKind.HANG)
)


@dataclass(frozen=True)
class Fault:
    """One fault.

    amount: a share of 0 to 1 (error: of requests; crash-at: of traffic). slow: as many times its
    own time. extra: slow: seconds on top instead. Both 0 where they mean nothing.
    """

    kind: FaultKind
    amount: float = 0.0
    extra: float = 0.0


FORMS = (
    "error=5%, slow=2x, slow=300ms, crash-at=40%, never-healthy, hang, kill-instance, "
    "kill-proxy, kill-shipway, bad-migration"
)
_FORM = re.compile(r"([a-z-]+)(?:=(\d+(?:\.\d+)?)(%|x|ms|s)?)?")
_UNITS = {FaultKind.ERROR: "%", FaultKind.CRASH_AT: "%", FaultKind.SLOW: "x ms s"}


def parse_fault(text: str) -> Fault:
    """A fault from a word such as `error=5%`. Raises ConfigError, which names all forms."""
    match = _FORM.fullmatch(text.strip())
    try:
        kind = FaultKind(match[1] if match else "")
    except ValueError:
        raise _unknown(text, "there is no such fault") from None
    assert match is not None
    number, unit = match[2], match[3]
    units = _UNITS.get(kind, "").split()
    if not units and number is not None:
        raise _unknown(text, f"{kind} takes no value")
    if units and (number is None or unit not in units):
        raise _unknown(text, f"{kind} takes a value in {' or '.join(units)}")
    return Fault(kind) if number is None else _with_value(kind, float(number), unit, text)


def _with_value(kind: FaultKind, value: float, unit: str, text: str) -> Fault:
    if unit == "%":
        if not 0 < value <= 100:
            raise _unknown(text, "more than 0 % and at most 100 % can be")
        return Fault(kind, value / 100)
    if unit == "x":
        if not 1 < value <= 1000:
            raise _unknown(text, "slower means more than 1x, and at most 1000x")
        return Fault(kind, value)
    seconds = value / 1000 if unit == "ms" else value
    if not 0 < seconds <= 60:
        raise _unknown(text, "more than 0 s and at most 60 s can be added")
    return Fault(kind, extra=seconds)


def _unknown(text: str, why: str) -> ConfigError:
    return ConfigError(f"--fault {text}: {why}", f"Accepted: {FORMS}.", code="unknown-name")


# How an application is started for a rehearsal: wrapped, so that faults can be inside it.

MODULE = "shipway_fault"
SLOW_PATH = "/-shipway/slow"  # answers after half a second
STREAM_PATH = "/-shipway/stream"  # begins at once and takes half a second
# `package.module:name`, `package.module:make()`; no address begins like that.
_ENTRY = re.compile(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_][\w.]*(\(.*\))?")
_FAILS = "import sys; sys.exit('the migration fails, as the rehearsal ordered')"


@dataclass(frozen=True)
class WrappedApplication:
    """What wraps an application. serve: the command. env: what it needs besides."""

    serve: str
    env: Mapping[str, str]


def wrap_command(serve: str, health: str, folder: str, path: str) -> WrappedApplication:
    """The serve command with the wrapper in place of the application's entry.

    folder: where the wrapper's module is. path: the application's own PYTHONPATH. Raises
    ConfigError where the command names no entry. gunicorn's and uvicorn's forms are known,
    factories (`module:make()`, --factory) too.
    """
    arguments = shlex.split(serve)
    places = [index for index, word in enumerate(arguments) if _ENTRY.fullmatch(word)]
    if not places:
        raise ConfigError(
            f"the serve command names no application to wrap: {serve}",
            "A rehearsal needs one such as: gunicorn main.wsgi:app, or: uvicorn main:app.",
            code="invalid-pipeline",
        )
    entry = arguments[places[-1]]
    factory = "--factory" in arguments
    arguments[places[-1]] = f"{MODULE}:make" if factory else f"{MODULE}:app"
    return WrappedApplication(
        shlex.join(arguments).replace("'{bind}'", "{bind}"),
        {
            "PYTHONPATH": f"{folder}:{path}" if path else folder,
            "SHIPWAY_ENTRY": f"{entry}()" if factory else entry,
            "SHIPWAY_HEALTH": health,
        },
    )


def mount_path(serve: str, env: Mapping[str, str]) -> str:
    """Where a server mounts the application: gunicorn answers 500 to whatever is not below it.

    env: the application's variables; what the command sets (`--env SCRIPT_NAME=/shop`) wins.
    """
    words = (word.removeprefix("--env=") for word in shlex.split(serve))
    variables = (word.removeprefix("SCRIPT_NAME=") for word in words if "SCRIPT_NAME=" in word)
    mount = next(variables, env.get("SCRIPT_NAME", ""))
    return f"/{mount.strip('/')}" if mount.strip("/") else ""


def fault_order(fault: Fault, release: str, trigger: str) -> dict[str, str]:
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
