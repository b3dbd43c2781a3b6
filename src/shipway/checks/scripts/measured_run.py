"""What both runners of tests do around a suite: measure its coverage, and say how it ended.

Read by measure_tests.py and measure_django.py, which run where Shipway is not installed; so it
reads what is beside it by path, too.
"""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import coverage

_HERE = os.path.dirname(os.path.abspath(__file__))
_measurement: Callable[..., coverage.Coverage] = runpy.run_path(f"{_HERE}/coverage_settings.py")[
    "measurement"
]
_end_recorder: Callable[[str], Callable[[Mapping[str, int]], None]] = runpy.run_path(
    f"{_HERE}/end_record.py"
)["end_recorder"]
collected_static: Callable[[str], AbstractContextManager[None]] = runpy.run_path(
    f"{_HERE}/collected_static.py"
)["collected_static"]


def measured_run(
    data: str,
    sources: str,
    run: Callable[[], int],
    counts: Callable[[int], Mapping[str, int]],
    *,
    django: bool = False,
) -> int:
    """Write DATA, the coverage of SOURCES (comma-separated), while a suite runs; its exit code.

    run: the suite. counts: exit code → what the end record says. django: see `measurement`.
    """
    measured = _measurement(data, sources.split(","), django=django)
    record = _end_recorder(os.path.join(os.path.dirname(data), "end.txt"))
    measured.start()
    try:
        code = run()
    finally:
        measured.stop()
        measured.save()
    record(counts(code))
    return code
