"""Every error that Shipway raises on purpose.

ShipwayError                what went wrong, and what to do next
├── ConfigError             shipway.toml (or the command's words) cannot be used: exit 2
├── CannotRun               a tool or service is missing, crashed or said nothing: `unavailable`
├── ApplicationFault        the application's own migration, seed or start failed: `failed`
├── Unreachable             nobody answers at an address
├── Busy                    somebody else holds what is needed: exit 2
├── RecordError             the record cannot be read or written: exit 2
├── StackFailed             CloudFormation could not do it: exit 1
└── StillGoing              not over in time, and going on without us: exit 4

Those that one place alone raises stand there: EnvironmentFrozen, PreflightFailed, AwsApiError and
others.
"""

from __future__ import annotations


class ShipwayError(Exception):
    """Something a person has to know of.

    `remedy` says in one sentence what to do next; it may be empty only where nothing helps.
    """

    exit_code = 2

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class ConfigError(ShipwayError):
    """The configuration or the command's words cannot be used."""


class CannotRun(ShipwayError):
    """A check or step cannot run here; that is neither a pass nor a failure."""

    exit_code = 5


class ApplicationFault(ShipwayError):
    """The application fails before its tests begin: at its migration, its seed, its start.

    Nothing is missing here. log: what it printed.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "", log: str = "") -> None:
        super().__init__(message, remedy)
        self.log = log


class Unreachable(ShipwayError):
    """Nobody answers at an address (refused, timed out, cut off)."""


class Busy(ShipwayError):
    """Somebody else holds what is needed: a lease, a port."""


class RecordError(ShipwayError):
    """The record cannot be read or written."""


class StackFailed(ShipwayError):
    """CloudFormation could not do it, and says why."""

    exit_code = 1


class StillGoing(ShipwayError):
    """It was not over in time: it goes on without us."""

    exit_code = 4
