"""Carries out a command line, and says what went wrong and what to do next."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from shipway.cli.app import parse
from shipway.errors import ShipwayError


def invoke(argv: Sequence[str]) -> int:
    """Carry out a command line; returns the exit code. Prints errors, with what to do next."""
    options: dict[str, Any] = {}
    try:
        try:
            run, options = parse(argv)
            return run(**options)
        finally:
            _flush()
    except ShipwayError as error:
        return _tell(error, options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains at its end
        return 1  # nobody read how it went: that is no success


def _flush() -> None:
    """Find out here, and not at the interpreter's end, that nobody reads the output."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:  # a full disk: the interpreter says so at its end
        return


def _tell(error: ShipwayError, options: Mapping[str, Any]) -> int:
    """Print an error, with what to do next as it is typed here; its exit code."""
    from shipway.cli.invocation import invocation
    from shipway.reports.error_docs import explain_command

    here = invocation(options.get("directory", "."), options.get("environment", ""))
    message, remedy = here.text(error.message), here.text(error.remedy)
    sys.stderr.write(f"shipway: {message}\n")
    if remedy:
        sys.stderr.write(f"  next: {remedy}\n")
    sys.stderr.write(f"  more: {explain_command(error.code, here)}\n")
    if options.get("json"):
        from shipway.reports.console import write_line
        from shipway.reports.json_events import error_event, event_line

        write_line(sys.stdout, event_line(error_event(message, remedy, error)))
    return error.exit_code
