"""-v: what Shipway does outside of itself, line by line on standard error."""

from __future__ import annotations

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)-5s %(name)s: %(message)s"


def log_to_stderr(verbosity: int) -> None:
    """Show what Shipway's modules log. verbosity: 1 for INFO, more for DEBUG.

    Only Shipway's own loggers: those of other libraries write headers and signatures, which are
    secrets.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT))
    logger = logging.getLogger("shipway")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO if verbosity == 1 else logging.DEBUG)
