"""What both runners of tests do around a suite: measure its coverage, and say how it ended.

Read by measure_tests.py and measure_django.py, which run where Shipway is not installed; so it
reads what is beside it by path, too.
"""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import coverage

_CORE = "COVERAGE_CORE"
_HERE = os.path.dirname(os.path.abspath(__file__))
_measurement: Callable[..., coverage.Coverage] = runpy.run_path(f"{_HERE}/coverage_settings.py")[
    "measurement"
]
_end_recorder: Callable[[str], Callable[[Mapping[str, int | str]], None]] = runpy.run_path(
    f"{_HERE}/end_record.py"
)["end_recorder"]
collected_static: Callable[[str], AbstractContextManager[None]] = runpy.run_path(
    f"{_HERE}/collected_static.py"
)["collected_static"]


class ExecutedTests(Protocol):
    """Records what each test executes (executed_tests.py)."""

    def begin(self, measured: coverage.Coverage) -> None: ...
    def write(self) -> None: ...


def measured_run(
    data: str,
    sources: str,
    run: Callable[[], int],
    counts: Callable[[int], Mapping[str, int | str]],
    *,
    django: bool = False,
    executed: ExecutedTests | None = None,
) -> int:
    """Write DATA, the coverage of SOURCES (comma-separated), while a suite runs; its exit code.

    run: the suite. counts: exit code → what the end record says. django: see `measurement`.
    executed: what records it test by test.
    """
    by_test = f"{data}.by-test" if executed else data
    record = _end_recorder(os.path.join(os.path.dirname(data), "end.txt"))
    with _core("ctrace" if executed else ""):  # no other tells one test's lines from another's
        measured = _measurement(by_test, sources.split(","), django=django)
        if executed:
            executed.begin(measured)
        measured.start()
    try:
        code = run()
    finally:
        measured.stop()
        measured.save()
        if executed:
            executed.write()
    record(counts(code))
    return code


@contextmanager
def _core(name: str) -> Iterator[None]:
    """What coverage.py measures with, where it begins to; "": as the settings say."""
    before = os.environ.get(_CORE)
    if name:
        os.environ[_CORE] = name
    try:
        yield
    finally:
        if name and before is None:
            del os.environ[_CORE]
        elif before is not None:
            os.environ[_CORE] = before
