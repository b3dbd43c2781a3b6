"""Run pytest and measure what it covers.

    python measure_tests.py DATA SOURCES [--only-test=NAME…] PYTEST-ARGUMENT…

`coverage run` would do, but for one thing: where a project's settings say `parallel = true`, it
adds a random suffix to the name of the data file, and no option takes that back.
Where the project's settings measure coverage already, or spread the tests over processes, nothing
would be left to measure here; both are switched off, and what they say of coverage is done.
"""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.util import find_spec

import pytest

# By its path: this program runs where Shipway is not installed.
_HERE = os.path.dirname(os.path.abspath(__file__))
_SHARED = runpy.run_path(os.path.join(_HERE, "measured_run.py"))
measured_run: Callable[..., int] = _SHARED["measured_run"]
collected_static: Callable[[str], AbstractContextManager[None]] = _SHARED["collected_static"]

reported_test: Callable[[str], tuple[str, str]] = runpy.run_path(
    os.path.join(_HERE, "reported_test.py")
)["reported_test"]

_EXECUTED = "executed_tests.py"

# `shipway init` locks setuptools where something needs its pkg_resources, which warns since 2023.
# That fails a suite for which every warning is an error, and none of its own lines is to blame.
_OWN_WARNINGS = (
    "-Wignore:pkg_resources is deprecated as an API",
    "-Wignore:Deprecated call to `pkg_resources.",
)

# A project's `-x` is for people. Which tests fail is known only where the others ran, too.
_TO_THE_END = "--maxfail=0"
_ONLY = "--only-test="


class UsualNames:
    """A plug-in: `tests.py`, as Django and unittest name it, has tests where no setting of the
    project says which files do."""

    def pytest_configure(self, config: pytest.Config) -> None:
        """Add the name."""
        if config.getini("python_files") == ["test_*.py", "*_test.py"]:  # pytest's own default
            config.addinivalue_line("python_files", "tests.py")


class PathsHere:
    """A plug-in: a path in the project's `addopts` that is there only for who starts pytest in
    another folder is not asked for. arguments: Shipway's own, which pytest answers for."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments

    def pytest_configure(self, config: pytest.Config) -> None:
        """Leave it out, and say so; where nothing is left, all of the folder is asked for."""
        if config.option.pyargs:  # names of modules
            return
        absent = [
            path
            for path in config.args
            if path not in self._arguments and not os.path.exists(path.split("::")[0])
        ]
        for path in absent:
            print(f"{path} is in addopts, and not in this folder: left out", file=sys.stderr)
        if absent:
            config.args[:] = [path for path in config.args if path not in absent] or [os.getcwd()]


class StaticFiles:
    """A plug-in: the tests of a Django application find its static files. folder: to put them."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtestloop(self) -> Iterator[None]:
        """While the tests run, after pytest-django has set the application up."""
        with collected_static(self._folder):
            yield


class OnlyTests:
    """A plug-in: of what is collected, only some tests run. names: as JUnit reports have them."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave the others out."""
        others = [
            item for item in items if "::".join(reported_test(item.nodeid)) not in self._names
        ]
        if others:
            config.hook.pytest_deselected(items=others)
            items[:] = [
                item for item in items if "::".join(reported_test(item.nodeid)) in self._names
            ]


class Account:
    """A plug-in: which tests there are, and which of them have been reported."""

    def __init__(self) -> None:
        self._collected: set[str] = set()
        self._reported: set[str] = set()
        self._failed: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """What is left when all plug-ins have chosen."""
        self._collected = {item.nodeid for item in session.items}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A phase of a test has ended."""
        self._reported.add(report.nodeid)
        if report.failed:
            self._failed.add(report.nodeid)

    def counts(self, code: int) -> dict[str, int]:
        """What the end record says."""
        return {
            "code": code,
            "collected": len(self._collected),
            "unreported": len(self._collected - self._reported),
            "failed": len(self._failed),
        }


def main(data: str, sources: str, *arguments: str) -> int:
    """Write DATA, the coverage of SOURCES (comma-separated); pytest's exit code."""
    plugins = {"pytest_cov": "--no-cov", "xdist": "-n0"}
    alone = [option for plugin, option in plugins.items() if find_spec(plugin)]
    static = StaticFiles(os.path.join(os.path.dirname(data), "static"))
    account = Account()
    only = [word[len(_ONLY) :] for word in arguments if word.startswith(_ONLY)]
    arguments = tuple(word for word in arguments if not word.startswith(_ONLY))
    chosen = [OnlyTests(frozenset(only))] if only else []
    own: list[object] = [UsualNames(), PathsHere(arguments), static, account, *chosen]
    options = [*arguments, *alone, _TO_THE_END, *_OWN_WARNINGS]
    if not os.path.exists(os.path.join(os.path.dirname(data), "selection.json")):
        return measured_run(data, sources, lambda: _code(options, own), account.counts)
    plugin = runpy.run_path(os.path.join(_HERE, _EXECUTED))["ExecutedTests"]
    executed = plugin(data, os.path.dirname(data))

    def run() -> int:
        code = _code([*options, *executed.words], [*own, executed])
        # All are known, which is not the same as none.
        return 0 if code == pytest.ExitCode.NO_TESTS_COLLECTED and executed.left_out else code

    return measured_run(
        data,
        sources,
        run,
        lambda code: {**account.counts(code), "executed": executed.digest()},
        executed=executed,
    )


def _code(options: list[str], plugins: list[object]) -> int:
    return int(pytest.main(options, plugins=plugins))


if __name__ == "__main__":
    sys.path[0] = os.getcwd()  # as `python -m pytest` has it
    if sys.argv[2].startswith("src/"):  # a copy may be installed; the working tree is tested
        sys.path.insert(0, os.path.join(os.getcwd(), "src"))
    sys.exit(main(*sys.argv[1:]))
