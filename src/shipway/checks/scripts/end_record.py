"""Says how a test suite ended, so that nothing but the runner itself can say it by accident.

A key comes in on standard input and goes nowhere else. The record is written last, with a keyed
digest: a test that leaves by `os._exit`, or writes a report of its own, leaves none.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Mapping


def end_recorder(path: str) -> Callable[[Mapping[str, int | str]], None]:
    """What writes the record to a path, once.

    The key is read here, before any code of the application is there to read it. Where standard
    input is no pipe, nobody asks for a record.
    """
    process = os.getpid()
    key = b""
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        with os.fdopen(os.dup(0), "rb") as given:
            key = given.read(64)
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        os.close(nowhere)

    def record(counts: Mapping[str, int | str]) -> None:
        if key and os.getpid() == process:  # not in a child that a test forked and forgot
            text = json.dumps(counts, sort_keys=True)
            seal = hashlib.blake2b(text.encode(), key=key, digest_size=32).hexdigest()
            with open(path, "w", encoding="ascii") as file:
                file.write(seal + "\n" + text)

    return record
