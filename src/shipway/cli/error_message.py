"""What a command says of an error: the message, what to do next, and where to read on."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from shipway.cli.invocation import invocation
from shipway.errors import ShipwayError
from shipway.reports.error_docs import docs_link


def print_error(error: ShipwayError, options: Mapping[str, Any]) -> int:
    """Print an error, with what to do next as it is typed here; its exit code."""
    here = invocation(options.get("directory", "."), options.get("environment", ""))
    sys.stderr.write(f"shipway: {here.text(error.message)}\n")
    if error.remedy:
        sys.stderr.write(f"  next: {here.text(error.remedy)}\n")
    sys.stderr.write(f"  more: {docs_link(error.message, type(error))}\n")
    return error.exit_code
