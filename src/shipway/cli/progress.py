"""Where a command tells how far it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress


def progress(*, json: bool) -> Callable[[str], None]:
    """Line by line, at once; with JSON it goes where errors go.

    Whoever reads it may go (`| head`): what changes something is not left half done for that.
    """
    stream = sys.stderr if json else sys.stdout

    def say(line: str) -> None:
        with suppress(BrokenPipeError):
            stream.write(f"{line}\n")
            stream.flush()

    return say
