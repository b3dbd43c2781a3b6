"""What a command says of an error: the message, what to do next, and where to read on."""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping
from typing import Any

from shipway.cli.invocation import invocation
from shipway.errors import ShipwayError
from shipway.reports.console import write_line
from shipway.reports.error_docs import explain_command
from shipway.reports.json_events import error_event, event_line


def print_error(error: ShipwayError, options: Mapping[str, Any]) -> int:
    """Print an error, with what to do next as it is typed here; its exit code."""
    here = invocation(options.get("directory", "."), options.get("environment", ""))
    message, remedy = here.text(error.message), here.text(error.remedy)
    sys.stderr.write(f"shipway: {message}\n")
    if remedy:
        sys.stderr.write(f"  next: {remedy}\n")
    sys.stderr.write(f"  more: {explain_command(error.code, here)}\n")
    if options.get("json"):
        write_line(sys.stdout, event_line(error_event(message, remedy, error)))
    return error.exit_code


def machine_error(problem: OSError) -> ShipwayError | None:
    """What the machine refuses whatever is asked of it; None for what may be a fault of Shipway."""
    file = str(problem.filename or "a file")
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return ShipwayError(
            f"the disk is full: {file} cannot be written", "Free some space.", code="disk-full"
        )
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO):
        return ShipwayError(
            f"{file} cannot be used: {problem.strerror}",
            "Look at whom it belongs to, and at the permissions and the state of its disk.",
            code="file-unreadable",
        )
    if problem.errno in (errno.EMFILE, errno.ENFILE):
        return ShipwayError(
            f"{file} cannot be opened: {problem.strerror}",
            "Raise the limit of this shell (ulimit -n), or close other programs.",
            code="cannot-run",
        )
    return None
