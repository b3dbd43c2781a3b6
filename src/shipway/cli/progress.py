"""Where a command tells how far it is."""

from __future__ import annotations

import sys
from collections.abc import Callable

from shipway.outputs.writing import tell


def progress(*, json: bool) -> Callable[[str], None]:
    """Line by line, at once; with JSON it goes where errors go."""
    stream = sys.stderr if json else sys.stdout
    return lambda line: tell(stream, f"{line}\n")
