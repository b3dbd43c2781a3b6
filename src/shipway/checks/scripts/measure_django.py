"""Run Django's own tests (`manage.py test`) and measure what they cover.

    python measure_django.py DATA SOURCES JUNIT [TEST…]

manage.py is what chooses the settings, so it is what is run; only the runner that the settings
name is extended, to write down what ran.
"""

from __future__ import annotations

import os
import re
import runpy
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement  # nosec B405

NO_TESTS = 5  # as pytest says it
_FIXTURE = re.compile(r"setUp(?:Class|Module) \((.+)\)$")
# By its path: this program runs where Shipway is not installed.
_BESIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "measured_run.py")
_SHARED = runpy.run_path(_BESIDE)
measured_run: Callable[..., int] = _SHARED["measured_run"]
collected_static: Callable[[str], AbstractContextManager[None]] = _SHARED["collected_static"]


def main(data: str, sources: str, junit: str, *tests: str) -> int:
    """Write DATA, the coverage of SOURCES (comma-separated), and JUNIT; the exit code. tests: the
    only ones to run, as JUNIT has them."""
    return measured_run(
        data, sources, lambda: _run(junit, labels(tests)), lambda code: {"code": code}, django=True
    )


def labels(tests: Sequence[str]) -> list[str]:
    """What `manage.py test` calls them: a part of a test is run with its test, and what sets up a
    class or module with all of it."""
    names = [
        fixture[1] if (fixture := _FIXTURE.search(test.replace("::", "."))) else test
        for test in tests
    ]
    return list(dict.fromkeys(name.replace("::", ".").partition(" ")[0] for name in names))


def _run(junit: str, tests: Sequence[str]) -> int:
    from django.core.management.commands import test as command
    from django.test import runner, utils

    runs: list[tuple[list[str], Any]] = []
    choose = utils.get_runner

    def recording(settings: Any, test_runner_class: str | None = None) -> Any:
        chosen: Any = choose(settings, test_runner_class)

        class Recording(chosen):  # type: ignore[misc]  # known at run time only
            def run_suite(self, suite: Any, **options: Any) -> Any:
                tests = [test.id() for test in runner.iter_test_cases(suite)]
                with collected_static(os.path.join(os.path.dirname(junit), "static")):
                    result = super().run_suite(suite, **options)
                runs.append((tests, result))
                return result

        return Recording

    utils.get_runner = recording
    command.get_runner = recording
    sys.argv = ["manage.py", "test", "--noinput", *tests]
    code = 0
    try:
        runpy.run_path("manage.py", run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    ran = _write(junit, runs)
    return NO_TESTS if runs and not ran and not code else code


def _write(junit: str, runs: list[tuple[list[str], Any]]) -> int:
    suite = Element("testsuite", name="django")
    ran = 0
    for tests, result in runs:
        broken = {test.id(): ("failure", text) for test, text in result.failures}
        broken.update({test.id(): ("error", text) for test, text in result.errors})
        unexpected = ("failure", "it passed, and was expected to fail")
        broken.update({test.id(): unexpected for test in result.unexpectedSuccesses})
        skipped = {test.id(): why for test, why in result.skipped}
        reasons = {**dict.fromkeys(broken, "it ended with an error"), **skipped}
        skipped.update(_never_started(tests, reasons))
        extra = [name for name in broken if name not in tests]  # a module that cannot be imported
        for name in dict.fromkeys([*tests, *extra]):
            ran += 1
            classname, _, short = name.rpartition(".")
            case = SubElement(suite, "testcase", classname=classname, name=short)
            if name in broken:
                kind, text = broken[name]
                last = text.strip().splitlines()[-1] if text.strip() else "no reason given"
                SubElement(case, kind, message=_printable(last)).text = _printable(text)
            elif name in skipped:
                SubElement(case, "skipped", message=_printable(str(skipped[name])))
    if runs:
        ElementTree(suite).write(junit, encoding="utf-8")
    return ran


def _never_started(tests: list[str], reasons: dict[str, str]) -> dict[str, str]:
    """The tests of each class or module that could not be set up, with what could not be.

    unittest reports that alone: `setUpClass (polls.tests.IndexTests)`, and none of the tests.
    """
    fixtures = [match for name in reasons if (match := _FIXTURE.match(name))]
    return {
        test: f"{fixture[0]}: {reasons[fixture[0]]}"
        for fixture in fixtures
        for test in tests
        if test.startswith(f"{fixture[1]}.")
    }


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")


if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    sys.exit(main(*sys.argv[1:]))
