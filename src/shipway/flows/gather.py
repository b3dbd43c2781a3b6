"""What several jobs left, brought together: their runs, and the outcomes that can be used again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from shipway.core.codec import run_from_json, step_from_json
from shipway.core.result import RunResult

RECORD = "record.sqlite3"


class PartRecord(Protocol):
    """What is needed of each job's record (effects.record)."""

    def last_run(self) -> tuple[str, str | None, list[str]] | None: ...
    def stored(self) -> list[tuple[Any, ...]]: ...
    def close(self) -> None: ...


class WholeRecord(Protocol):
    """What is needed of the record that they come into."""

    def adopt(self, entries: Iterable[tuple[Any, ...]]) -> None: ...


class Contents(Protocol):
    """A store of contents by digest (effects.files.Blobs)."""

    def put(self, data: bytes) -> str: ...
    def get(self, name: str) -> bytes | None: ...


def gather(
    folder: str, record: WholeRecord, blobs: Contents,
    opened: Callable[[str], tuple[PartRecord, Contents]],
) -> list[RunResult]:  # fmt: skip
    """The last run of each state folder below `folder`; their cache entries come into `record`.

    Of a run that did not end there is nothing to be had. opened: the record and contents of a
    state folder. A content that is not what its name says is left where it is: entries that name
    it are none then (rule 7 of the cache).
    """
    runs = []
    for state in _states(folder):
        part, contents = opened(state)
        try:
            found = part.last_run()
            record.adopt(part.stored())
        finally:
            part.close()
        for name in _names(os.path.join(state, "blobs")):
            data = contents.get(name)
            if data is not None:
                blobs.put(data)
        if found is not None and found[1] is not None:
            runs.append(run_from_json(found[1], tuple(map(step_from_json, found[2]))))
    return runs


def _states(folder: str) -> Iterator[str]:
    for below, folders, names in os.walk(folder):
        folders.sort()
        if RECORD in names:
            yield below


def _names(folder: str) -> Iterator[str]:
    for _, folders, names in os.walk(folder):
        folders.sort()
        yield from sorted(names)
