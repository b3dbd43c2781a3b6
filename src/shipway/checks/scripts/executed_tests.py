"""Records what each test executes, leaves out the tests whose outcome is known, and adds what
those executed to the coverage.

A plug-in of pytest for measure_tests.py, which runs where Shipway is not installed. What it writes
is read by shipway/checks/selected_tests.py.
"""

from __future__ import annotations

import hashlib
import json
import os
import runpy
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from types import FrameType
from typing import Any

import coverage
import pytest
from coverage.numbits import numbits_to_nums

# By its path: this program runs where Shipway is not installed.
_HERE = os.path.dirname(os.path.abspath(__file__))
_functions_of: Callable[[bytes], list[Any]] = runpy.run_path(
    os.path.join(_HERE, "code_blocks.py"), run_name="code_blocks"
)["functions_of"]

REQUEST = "selection.json"
RECORD = "executed.json"
# Pseudo-blocks beside the functions of a file and the code outside of them.
_MODULE, _READ, _PROCESS = 0, -1, -2
_PROCESSES = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
)
# Processes that these have made are of no event.
_MADE_ELSEWHERE = frozenset(
    {"multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver"}
)
# They read a source file to import it, to show a line of it, or (Hypothesis) to find constants that
# it may try among others.
_IMPORT_OR_SHOW = ("importlib.", "_pytest.", "traceback", "warnings", "coverage.", "hypothesis.")
# They read it for somebody else.
_FOR_OTHERS = ("pathlib", "tokenize", "linecache", "codecs", "io", "_pyio")


class ExecutedTests:
    """A plug-in: switches the measurement's context from test to test.

    data: the file that the measurement is written to. folder: where the request is, and the
    record goes.
    """

    def __init__(self, data: str, folder: str) -> None:
        self.measured: coverage.Coverage | None = None
        self._data = data
        self._folder = folder
        self._root = os.path.join(os.path.realpath(os.getcwd()), "")
        self._request = _read_request(os.path.join(folder, REQUEST))
        self._known = frozenset(self._request.get("known", ()))
        self._first = {name: place for place, name in enumerate(self._request.get("first", ()))}
        self._collected: list[str] = []
        self._ran: list[str] = []
        self._failed: set[str] = set()
        self._skipped: set[str] = set()
        self._test = ""
        self._collecting = ""
        self._watching = False
        self._greenlets = False
        self._seen: dict[str, set[tuple[str, int]]] = {}
        self._digest = ""
        self.left_out = 0

    def begin(self, measured: coverage.Coverage) -> None:
        """Watch from here on, before anything of the application is imported."""
        self.measured = measured
        for option in ("run:dynamic_context", "run:context"):
            measured.set_option(option, None)
        self._watching = True
        sys.addaudithook(self._audit)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Iterator[None]:
        """What is read from here on is read for the tests of this file."""
        before, self._collecting = self._collecting, str(getattr(collector, "path", ""))
        yield
        self._collecting = before

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out what is known; what failed last time comes first, where that is asked for."""
        self._collected = [item.nodeid for item in items]
        if os.path.join(os.path.realpath(config.rootpath), "") != self._root:
            # Tests are called by other paths than files: nobody knows which file is whose.
            self._known = frozenset()
            self._note("", _PROCESS)
        if len(set(self._collected)) < len(items):  # nobody could tell them apart
            self._known = frozenset()
        out = [item for item in items if item.nodeid in self._known]
        items[:] = [item for item in items if item.nodeid not in self._known]
        self.left_out = len(out)
        if out:
            config.hook.pytest_deselected(items=out)
        if self._request.get("reversed"):
            items.reverse()
        elif self._first:
            last = len(self._first)
            items.sort(key=lambda item: self._first.get(item.nodeid.partition("::")[0], last))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """What is executed from here on is the test's: its fixtures, too."""
        self._enter(item.nodeid)
        tracer = sys.gettrace()
        yield
        if sys.gettrace() is not tracer:  # nobody knows what it executed
            self._note("", _PROCESS)
        self._enter("")
        self._ran.append(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test has ended."""
        if report.failed:
            self._failed.add(report.nodeid)
        elif report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.add(report.nodeid)

    def _enter(self, test: str) -> None:
        self._test = test
        if self.measured is not None:
            self.measured.switch_context(test)
        if not self._greenlets and "greenlet" in sys.modules:
            self._greenlets = True
            settrace = getattr(sys.modules["greenlet"], "settrace", None)
            if settrace is not None:
                settrace(self._switched)

    def _switched(self, event: str, arguments: object) -> None:
        """coverage.py does not see all of what a greenlet executes."""
        self._note("", _PROCESS)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path = arguments[0]
            if isinstance(path, str) and path.endswith(".py"):
                self._note_read(path)
        elif event in _PROCESSES:
            self._note("", _PROCESS)

    def _note_read(self, path: str) -> None:
        relative = self._relative(os.path.abspath(path))
        if not relative:
            return
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and _module(frame).startswith(_FOR_OTHERS):
            frame = frame.f_back
        if frame is None or not _module(frame).startswith(_IMPORT_OR_SHOW):
            self._note(relative, _READ)

    def _note(self, path: str, kind: int) -> None:
        """What has just happened was the running test's; or that of the tests of the file that is
        collected, but for what a module does while it is imported, which others import, too."""
        if self._watching:
            owner = self._test
            if not owner and self._collecting and _imported_file() in ("", self._collecting):
                owner = self._relative(self._collecting)
            self._seen.setdefault(owner, set()).add((path, kind))

    def _relative(self, path: str) -> str:
        """Below the application's folder; "" where it is elsewhere."""
        path = os.path.realpath(path)
        return path[len(self._root) :] if path.startswith(self._root) else ""

    # After the tests.

    def write(self) -> None:
        """Write the record, and the coverage without contexts, with what is known added. Where
        that fails there is no record: what was measured is kept as it is."""
        self._watching = False
        measured = self.measured
        if measured is None:
            return
        stored = measured.get_data()
        by_test = stored.data_filename()
        try:
            self._write(stored, by_test)
        except (sqlite3.Error, coverage.CoverageException, OSError) as problem:
            print(f"what each test executes is not recorded: {problem}", file=sys.stderr)
            os.replace(by_test, self._data)

    def _write(self, stored: coverage.CoverageData, by_test: str) -> None:
        has_arcs = stored.has_arcs()
        paths = {path: self._relative(os.path.abspath(path)) for path in stored.measured_files()}
        tracers = {path: stored.file_tracer(path) or "" for path in paths}
        stored.close()
        executed = _executed(by_test)
        known = self._request.get("executed", {}) if self.left_out else {}
        total = coverage.CoverageData(basename=self._data, suffix=False)
        every: dict[str, set[Any]] = {
            path: {_pair(item) for item in known.get(relative, ())}
            for path, relative in paths.items()
        }
        for (_, path), lines in executed.items():
            every.setdefault(path, set()).update(lines)
        if has_arcs:
            total.add_arcs({path: sorted(lines) for path, lines in every.items()})
        else:
            total.add_lines({path: sorted(lines) for path, lines in every.items()})
        if total.measured_files():
            total.touch_files(every)  # what nothing executes counts, too
        total.add_file_tracers({path: name for path, name in tracers.items() if name})
        total.close()
        self._write_record(executed, paths, has_arcs)

    def _write_record(
        self,
        executed: dict[tuple[str, str], set[Any]],
        paths: dict[str, str],
        has_arcs: bool,
    ) -> None:
        ranges: dict[str, list[Any]] = {}
        patterns: dict[tuple[str, int, tuple[Any, ...]], int] = {}
        tests: dict[str, set[int]] = {}
        for (test, path), lines in executed.items():
            relative = paths.get(path, "")
            if not relative:
                continue
            if path not in ranges:
                ranges[path] = _functions_in(path)
            caching = {function.first for function in ranges[path] if function.caches}
            for first, items in _by_block(lines, ranges[path]).items():
                place = patterns.setdefault((relative, first, tuple(sorted(items))), len(patterns))
                tests.setdefault(test, set()).add(place)
                if first in caching:  # for whoever asks next, too
                    tests.setdefault("", set()).add(place)
        for test, seen in self._seen.items():
            for path, kind in seen:
                pattern = (path, kind, ())
                tests.setdefault(test, set()).add(patterns.setdefault(pattern, len(patterns)))
        if not _MADE_ELSEWHERE.isdisjoint(sys.modules):
            place = patterns.setdefault(("", _PROCESS, ()), len(patterns))
            tests.setdefault("", set()).add(place)
        record = {
            "python": sys.version,
            "coverage": coverage.__version__,
            "pytest": pytest.__version__,
            "arcs": has_arcs,
            "measured": sorted(filter(None, paths.values())),
            "collected": self._collected,
            "ran": self._ran,
            "failed": sorted(self._failed),
            "skipped": sorted(self._skipped),
            "patterns": list(patterns),
            "tests": {test: sorted(places) for test, places in tests.items()},
        }
        text = json.dumps(record, separators=(",", ":")).encode()
        self._digest = hashlib.sha256(text).hexdigest()
        with open(os.path.join(self._folder, RECORD), "wb") as file:
            file.write(text)

    @property
    def words(self) -> list[str]:
        """Further arguments of pytest."""
        return list(self._request.get("words", ()))

    def digest(self) -> str:
        """Of the record, for the end record; "" where none was written."""
        return self._digest


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _imported_file() -> str:
    """The innermost module that is being imported; "" for none."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_name == "<module>" and _module(frame) != "__main__":
            return frame.f_code.co_filename
        frame = frame.f_back
    return ""


def _read_request(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            request: dict[str, Any] = json.load(file)
    except OSError:
        return {}
    return request


def _pair(item: Any) -> Any:
    return tuple(item) if isinstance(item, list) else item


def _executed(name: str) -> dict[tuple[str, str], set[Any]]:
    """(test, path) → arcs or lines, of coverage.py's file (its schema is documented)."""
    executed: dict[tuple[str, str], set[Any]] = {}
    of_both = "JOIN file ON file.id = file_id JOIN context ON context.id = context_id"
    with closing(sqlite3.connect(name)) as db:
        for test, path, start, end in db.execute(
            f"SELECT context, path, fromno, tono FROM arc {of_both}"
        ):
            executed.setdefault((test, path), set()).add((start, end))
        for test, path, numbits in db.execute(
            f"SELECT context, path, numbits FROM line_bits {of_both}"
        ):
            executed.setdefault((test, path), set()).update(numbits_to_nums(numbits))
    return executed


def _functions_in(path: str) -> list[Any]:
    try:
        with open(path, "rb") as file:
            return _functions_of(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []


def _by_block(lines: set[Any], functions: list[Any]) -> dict[int, list[Any]]:
    """Arcs or lines by the first line of the function that they are in."""
    owners = {
        line: function.first
        for function in functions
        for line in range(function.body, function.last + 1)
    }
    blocks: dict[int, list[Any]] = {}
    for item in lines:
        ends = item if isinstance(item, tuple) else (item,)
        first = next((owners[end] for end in ends if end > 0 and end in owners), _MODULE)
        blocks.setdefault(first, []).append(item)
    return blocks
