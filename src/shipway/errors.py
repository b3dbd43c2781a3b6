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

Every error has a code. `shipway explain CODE` and docs/troubleshooting.md explain it.
"""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

# A code never changes and is never used again for something else: programs compare it.
ErrorCode = Literal[
    "advisories-missing",
    "application-environment",
    "application-fault",
    "aws-refused",
    "aws-unreachable",
    "cannot-run",
    "command-failed",
    "data-loss",
    "disk-full",
    "environment-frozen",
    "environment-locked",
    "envoy-unavailable",
    "file-unreadable",
    "gate-failed",
    "git-failed",
    "github-refused",
    "hook-not-installed",
    "image-build-failed",
    "instance-exited",
    "instance-not-started",
    "internal-error",
    "interrupted",
    "invalid-input",
    "invalid-pipeline",
    "invalid-setting",
    "judge-inconclusive",
    "judge-rolled-back",
    "machine-busy",
    "network-unavailable",
    "no-earlier-release",
    "no-image",
    "no-pipeline",
    "no-registry",
    "no-release",
    "no-run",
    "no-stack",
    "no-tests",
    "not-confirmed",
    "nothing-to-scan",
    "notification-not-sent",
    "pause-timed-out",
    "port-taken",
    "preflight-failed",
    "record-damaged",
    "record-newer",
    "record-unusable",
    "registry-refused",
    "release-changed",
    "release-not-passed",
    "report-unreadable",
    "resource-busy",
    "rollback-unsafe",
    "rollout-in-progress",
    "sandbox-unavailable",
    "service-not-started",
    "smoke-test-failed",
    "stack-failed",
    "state-refused",
    "still-in-progress",
    "suite-broken",
    "suite-not-run",
    "task-failed",
    "test-failed",
    "timed-out",
    "tool-failed",
    "tool-missing",
    "unclassified",
    "unknown-name",
    "unreachable",
    "wrong-platform",
]
ERROR_CODES: tuple[ErrorCode, ...] = get_args(ErrorCode)


class ShipwayError(Exception):
    """Something a person has to know of.

    `remedy` says in one sentence what to do next; it may be empty only where nothing helps.
    `code` names what happened; without one it is the class's `default_code`.
    """

    exit_code = 2
    default_code: ClassVar[ErrorCode] = "unclassified"

    def __init__(self, message: str, remedy: str = "", *, code: ErrorCode | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code: ErrorCode = code or self.default_code


class ConfigError(ShipwayError):
    """The configuration or the command's words cannot be used."""

    default_code: ClassVar[ErrorCode] = "invalid-input"


class CannotRun(ShipwayError):
    """A check or step cannot run here; that is neither a pass nor a failure."""

    exit_code = 5
    default_code: ClassVar[ErrorCode] = "cannot-run"


class ApplicationFault(ShipwayError):
    """The application fails before its tests begin: at its migration, its seed, its start.

    Nothing is missing here. log: what it printed.
    """

    exit_code = 1
    default_code: ClassVar[ErrorCode] = "application-fault"

    def __init__(
        self, message: str, remedy: str = "", log: str = "", *, code: ErrorCode | None = None
    ) -> None:
        super().__init__(message, remedy, code=code)
        self.log = log


class Unreachable(ShipwayError):
    """Nobody answers at an address (refused, timed out, cut off)."""

    default_code: ClassVar[ErrorCode] = "unreachable"


class Busy(ShipwayError):
    """Somebody else holds what is needed: a lease, a port."""

    default_code: ClassVar[ErrorCode] = "resource-busy"


class RecordError(ShipwayError):
    """The record cannot be read or written."""

    default_code: ClassVar[ErrorCode] = "record-unusable"


class StackFailed(ShipwayError):
    """CloudFormation could not do it, and says why."""

    exit_code = 1
    default_code: ClassVar[ErrorCode] = "stack-failed"


class StillGoing(ShipwayError):
    """It was not over in time: it goes on without us."""

    exit_code = 4
    default_code: ClassVar[ErrorCode] = "still-in-progress"
