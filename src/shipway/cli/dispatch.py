"""Carries out a command line, and says what went wrong and what to do next."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
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
        # Most commands end without an error, and need nothing of what tells of one.
        from shipway.cli.error_message import print_error

        return print_error(error, options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python complains at its end
        return 1  # nobody read how it went: that is no success
    except OSError as problem:
        from shipway.cli.error_message import machine_error, print_error

        refusal = machine_error(problem)
        if refusal is None:
            raise
        return print_error(refusal, options)


def _flush() -> None:
    """Find out here, and not at the interpreter's end, that nobody reads the output."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:  # a full disk: the interpreter says so at its end
        return
