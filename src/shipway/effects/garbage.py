"""Python's search for unreachable circles of objects, put off where many objects are made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search() -> Iterator[None]:
    """No search meanwhile. It takes more than half of the time that parsing Python takes, and
    finds nothing: a tree has no circles. What has none is freed as always.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
