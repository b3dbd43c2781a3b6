"""pytest, once for each kind of tests: unit, integration, browser."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from typing import NotRequired, TypedDict
from xml.etree.ElementTree import Element, ParseError, fromstring  # nosec B405 B314

from shipway.checks import tools
from shipway.checks.base import CheckDefaults
from shipway.checks.scripts import HERE
from shipway.config.schema import Config
from shipway.errors import CannotRun, ConfigError
from shipway.findings.waivers import quarantined_tests
from shipway.pipeline.check import END_RECORD, CheckContext, CheckResult, ToolOutput
from shipway.pipeline.flaky_tests import MOST_RETRIED, retried_tally
from shipway.pipeline.gates import Gate
from shipway.pipeline.known_failures import read_known_failures
from shipway.pipeline.result import TestFailure, TestTally

NOT_COLLECTED = 2  # pytest's exit code where a test file cannot be imported
NO_TESTS = 5
WRONG_USAGE = 4
_MISSING = re.compile(r"^ERROR: file or directory not found: (\S+)", re.MULTILINE)
_ABSENT = re.compile(r"No module named '?(pytest|coverage)'?$", re.MULTILINE)
# Where pytest looks, in its own order.
_SETTINGS = (
    ("pytest.ini", ""),
    (".pytest.ini", ""),
    ("pyproject.toml", "[tool.pytest"),
    ("tox.ini", "[pytest]"),
    ("setup.cfg", "[tool:pytest]"),
)
# As pytest, unittest, Django and nose name them.
_TEST_FILE = re.compile(r"(test.*|.*_tests?|tests?)\.py$")
_TEST = re.compile(rb"^\s*(async )?def test|^class .*Test", re.MULTILINE)
_NOT_TESTS = re.compile(r"\.|__pycache__$|node_modules$|venv$|site-packages$")
# Where pytest says why a suite broke, the most exact first: its report of a conftest.py or a
# plug-in, of a hook, of its own arguments; its last words.
_CAUSES = (
    re.compile(r"^E {2,}(\S.*)$", re.MULTILINE),
    re.compile(r"^INTERNALERROR> (\S.*)$", re.MULTILINE),
    re.compile(r"^\S*: error: (.+)$", re.MULTILINE),
    re.compile(r"^ERROR: (.+)$", re.MULTILINE),
    re.compile(r"^!{3,} (.+?) !{3,}$", re.MULTILINE),
)


MOST_FAILURES = 100  # that a result names; the log has them all
MOST_DETAILS = 8  # lines of each
_LONGEST_DETAIL = 300
# A place in a traceback: of Python's own, or of pytest's (`tests/test_a.py:3: AssertionError`).
_PLACE = re.compile(
    r'^(?:E?\s*File "([^"\n]+)", line (\d+)|([^\s:][^:\n]*\.py):(\d+):)', re.MULTILINE
)
_LIBRARY = re.compile(r"(^|/)(site-packages|dist-packages|\.venv|venv|\.shipway)/")
_SHOWN = re.compile(r"[>E] {2,}\S")  # the statement that failed, and the error, in pytest's report


@dataclass(frozen=True)
class Pytest(CheckDefaults):
    """Tests in the application's own environment, with JUnit XML and coverage data."""

    def applies(self, config: Config) -> bool:
        """Where there is a folder of them."""
        return bool(config.application.lock and self.folder(config))

    def inputs(self, config: Config) -> tuple[str, ...]:
        """Everything: tests may read any file, prose too where they hold it to the code."""
        return ("**",)

    def gates(self, config: Config) -> tuple[Gate, ...]:
        """A failing test fails by itself."""
        return ()

    def folder(self, config: Config) -> str:
        """Where these tests are."""
        return str(getattr(config.application, f"{self.name}_tests"))

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """pytest within coverage, so that its data land in the step's own folder."""
        if config.application.test_runner == "django":
            packages = ",".join(config.application.packages) or "."
            data, junit = f"{context.out}/coverage.data", f"{context.out}/junit.xml"
            return (f"{HERE}/measure_django.py", data, packages, junit, *context.only)
        return (
            f"{HERE}/measure_tests.py",
            f"{context.out}/coverage.data",
            ",".join(config.application.packages) or ".",
            *(f"{_ONLY}{name}" for name in context.only),
            *(_files_of(context) or self._paths(config)),
            *self._others(config),
            f"--junitxml={context.out}/junit.xml",
            "-p",
            "no:cacheprovider",
        )

    def _paths(self, config: Config) -> tuple[str, ...]:
        """The folder; none where it is the root: pytest looks where its own settings say then."""
        folder = self.folder(config)
        return () if _is_root(folder) else (folder,)

    def _others(self, config: Config) -> tuple[str, ...]:
        """Tests of another kind in a folder below are left to their own check."""
        own = self.folder(config)
        below = "" if _is_root(own) else own.rstrip("/") + "/"
        folders = (kind.folder(config) for kind in TESTS if kind.name != self.name)
        return tuple(
            f"--ignore={folder}"
            for folder in folders
            if folder and folder != own and folder.startswith(below)
        )

    def settings(self, config: Config, context: CheckContext) -> str:
        """Whose runner it is, and its settings."""
        if config.application.test_runner == "django":
            return "runner: manage.py test"
        return f"runner: pytest; {super().settings(config, context)}"

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """0: passed, 1: failures, 2: files that cannot be imported, 5: no tests.

        What is absent (pytest, the folder, every test) cannot run; a suite that breaks before its
        first test, or ends without a word of its tests, has failed: that is the application's own.
        """
        if absent := _ABSENT.search(output.stderr):
            raise CannotRun(
                f"the application's environment has no {absent[1]}",
                f"Add it to the development dependencies: uv add --dev {absent[1]}.",
                code="application-environment",
            )
        if output.code == WRONG_USAGE and (missing := _MISSING.search(output.stderr)):
            folder = self.folder(config)
            if missing[1] == folder:
                raise _no_tests(self.name, folder)
        try:
            suite = fromstring(output.reports.get("junit.xml", b""))  # our own file
        except ParseError:
            return _broken(output)
        if context.key and (doubt := _doubt(suite, output, context.key)):
            return _broken(output, cause=doubt)
        if output.code == NO_TESTS and suite.find(".//skipped") is None:
            if files := _test_files(os.path.join(context.root, self.folder(config)), context.root):
                return _collected_nothing(self.name, files)
            raise _no_tests(self.name, self.folder(config))
        if output.code not in (0, 1, NOT_COLLECTED, NO_TESTS):
            return _broken(output)
        path = config.gates.known_failures
        try:
            known = read_known_failures(context.root, path)
        except ConfigError as problem:
            raise CannotRun(problem.message, problem.remedy, code=problem.code) from None
        result = _read(suite, output, context.root, known.of(self.name), path)
        ended = end_record(output.reports, context.key) if context.key else None
        # A suite that stopped early has not passed, whatever its first failure does next time.
        return replace(result, retry=()) if ended and ended.get("unreported") else result

    def retried(
        self,
        first: CheckResult,
        again: ToolOutput,
        config: Config,
        context: CheckContext,
        today: date,
    ) -> CheckResult:
        """A test that passes now is flaky. One that does not, or that the second run says nothing
        of, has failed, but where it is in quarantine."""
        quarantined = quarantined_tests(config.waivers, today)
        doubt, passed = "", frozenset[str]()
        try:
            suite = fromstring(again.reports.get("junit.xml", b""))  # our own file
        except ParseError:
            doubt = f"it ended with {again.code}, and left no report"
        else:
            doubt = _doubt(suite, again, context.key) if context.key else ""
            passed = frozenset() if doubt else _passed_again(suite, first.retry)
        if first.tests is None:
            return first
        tally = retried_tally(first.tests, passed, quarantined)
        warnings = first.warnings
        if doubt:
            warnings = (*warnings, f"its failed tests were run again, without a result: {doubt}")
        if tally.flaky:
            names = [test.failure.name for test in tally.flaky]
            tests = f"{len(names)} flaky test{'s' if len(names) > 1 else ''}"
            warnings = (*warnings, f"{tests}: {_some(names)}")
        return replace(
            first,
            tests=tally,
            failed=_failed(tally, config.gates.flaky),
            warnings=warnings,
        )


_ONLY = "--only-test="  # of scripts/measure_tests.py


def _files_of(context: CheckContext) -> tuple[str, ...]:
    """The files of the tests that alone are to run; none where a test's name does not tell."""
    files = []
    for test in context.only:
        parts = test.partition("::")[0].split(".")
        paths = ("/".join(parts[:length]) + ".py" for length in range(len(parts), 0, -1))
        path = next((p for p in paths if os.path.isfile(os.path.join(context.root, p))), "")
        if not path:
            return ()
        files.append(path)
    return tuple(dict.fromkeys(files))


def _passed_again(suite: Element, names: Sequence[str]) -> frozenset[str]:
    """Those of the tests that were run and passed.

    unittest names a part of a test (`subTest`) or what sets up a class only where it fails: it has
    passed where that test, or every one of that class, did.
    """
    cases = {_name(case): _is_broken(case) for case in suite.iter("testcase")}
    skipped = {_name(case) for case in suite.iter("testcase") if case.find("skipped") is not None}
    ran = {name for name, broken in cases.items() if not broken} - skipped

    def passes(name: str) -> bool:
        if fixture := _FIXTURE.search(name.replace("::", ".")):
            below = [case for case in cases if case.replace("::", ".").startswith(f"{fixture[1]}.")]
            return bool(below) and ran.issuperset(below) and not any(cases.values())
        whole = name.partition(" ")[0]
        parts = [case for case in cases if case != name and case.startswith(f"{whole} ")]
        return name in ran or (
            name != whole and name not in cases and whole in ran and ran.issuperset(parts)
        )

    return frozenset(filter(passes, names))


_FIXTURE = re.compile(r"setUp(?:Class|Module) \(([^)]+)\)")


def _failed(tally: TestTally, gate: str) -> str:
    """Why a suite has failed whose failed tests were run again; "" where it has not."""
    if tally.failed:
        first = "; ".join(f"{failure.name}: {failure.message}" for failure in tally.failures[:3])
        return f"{tally.failed} of {tally.executed} tests failed: {first}"
    if not tally.passed and tally.flaky:
        return f"none of {tally.executed} tests passed at once: {tally.flaky[0].sentence}"
    loose = [test for test in tally.flaky if not test.waiver]
    if gate == "fail" and loose:
        tests = f"{len(loose)} test{' is' if len(loose) == 1 else 's are'} flaky"
        return f"{tests}; none is allowed; {loose[0].sentence}"
    return ""


def _is_root(folder: str) -> bool:
    return folder.strip("/") in ("", ".")


def _test_files(folder: str, root: str) -> list[str]:
    """The files below a folder that have tests by their name and their text."""
    files = []
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _NOT_TESTS.match(name))
        for name in sorted(filter(_TEST_FILE.match, names)):
            with suppress(OSError), open(os.path.join(path, name), "rb") as file:
                if _TEST.search(file.read()):
                    files.append(os.path.relpath(os.path.join(path, name), root))
    return files


def _collected_nothing(kind: str, files: Sequence[str]) -> CheckResult:
    """Tests that are there and do not run are not the same as none."""
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return CheckResult(
        failed=f"no test was collected, although there are tests in {', '.join(files[:3])}{more}",
        remedy="See what the settings leave out (python_files, testpaths, norecursedirs, tags), "
        f"and whether each folder is a package; or name the folder: application.{kind}_tests.",
    )


class EndRecord(TypedDict):
    """How a test runner says that it ended: its exit code, and how many tests there were. executed:
    the digest of its record of what they execute."""

    code: int
    collected: NotRequired[int]
    unreported: NotRequired[int]
    failed: NotRequired[int]
    executed: NotRequired[str]


def end_record(reports: Mapping[str, bytes], key: str) -> EndRecord | None:
    """What a runner that was given a key says of its end; None where it did not say it."""
    seal, _, text = reports.get(END_RECORD, b"").decode("ascii", "replace").partition("\n")
    if seal != blake2b(text.encode(), key=key.encode(), digest_size=32).hexdigest():
        return None
    ended: EndRecord = json.loads(text)  # the runner's own, as the seal says
    return ended


def _doubt(suite: Element, output: ToolOutput, key: str) -> str:
    """Why the report is not that of a runner which came to its end; "" where it is.

    A test that leaves by os._exit takes the runner along, and code under test can write any file
    that the runner writes. The end record has a seal, by a key that only the runner was given.
    """
    counts = end_record(output.reports, key)
    if counts is None:
        return "the test runner did not come to its end (a test may have called os._exit)"
    if counts["code"] != output.code:
        return f"the tests ended with {counts['code']}, and the process with another code"
    if not output.code and (unreported := counts.get("unreported")):
        return f"{unreported} of {counts.get('collected')} tests were not run to their end"
    if counts.get("failed") and suite.find(".//failure") is None and suite.find(".//error") is None:
        return f"{counts.get('failed')} tests failed, and the report has none of them"
    return ""


def _broken(output: ToolOutput, tests: TestTally | None = None, cause: str = "") -> CheckResult:
    """The suite, not one of its tests, is what failed. cause: where it is known."""
    how = f"was ended by signal {-output.code}" if output.code < 0 else f"ended with {output.code}"
    return CheckResult(
        tests=tests,
        failed=f"the tests did not run to their end: {cause or _cause(output)}; the run {how}",
        remedy="Correct what the whole suite depends on: conftest.py, plug-ins, settings, the "
        "database. Its log above has the whole error.",
    )


def _cause(output: ToolOutput) -> str:
    """The error in its own words; else the last line that was printed."""
    text = f"{output.stdout}\n{output.stderr}"
    for pattern in _CAUSES:
        if causes := pattern.findall(text):
            return re.sub(r"\s+", " ", causes[-1]).strip()[:300]
    errors = output.stderr.strip().splitlines()
    if any(line.startswith("Traceback ") for line in errors):
        return errors[-1][:300]
    lines = output.stdout.strip().splitlines() or errors
    return f"its last line is {lines[-1].strip()[:300]!r}" if lines else "it printed nothing"


def _no_tests(kind: str, folder: str) -> CannotRun:
    place = "the application's folder" if _is_root(folder) else folder
    return CannotRun(
        f"there are no tests in {place}",
        f"Write one, or switch it off: [checks] {kind} = false.",
        code="no-tests",
    )


def failed_tests(junit: bytes) -> dict[str, str] | None:
    """The tests that failed, with the reason of each; None where a part of the suite did not run.

    junit: the report of a suite that ran to its end. Tests of a file that cannot be imported are
    not in it, and whether they fail is not known.
    """
    try:
        suite = fromstring(junit)
    except ParseError:
        return None
    broken = [case for case in suite.iter("testcase") if _is_broken(case)]
    if not all(map(_has_run, broken)):
        return None
    return {_name(case): _message(case, "failure", "error") for case in broken}


def _is_broken(case: Element) -> bool:
    return _child(case, "failure", "error") is not None


def _has_run(case: Element) -> bool:
    """Whether it is a test, and no file that cannot be imported: pytest's, or unittest's."""
    child = _child(case, "failure", "error")
    uncollected = child is not None and child.get("message") == "collection failure"
    return not uncollected and not case.get("classname", "").startswith("unittest.loader.")


def _read(
    suite: Element, output: ToolOutput, root: str, known: Mapping[str, str], path: str
) -> CheckResult:
    """root: the application's folder. known: the tests that failed before, listed in the file at
    path."""
    cases = list(suite.iter("testcase"))
    every: list[Element] = []
    before: list[Element] = []
    broken: list[Element] = []
    skipped: list[Element] = []
    for case in cases:
        if _is_broken(case):
            every.append(case)
            (before if _has_run(case) and _name(case) in known else broken).append(case)
        elif case.find("skipped") is not None:
            skipped.append(case)
    tally = TestTally(
        len(cases) - len(every) - len(skipped),
        len(broken),
        len(skipped),
        tuple(f"{_name(case)}: {_message(case, 'skipped')}" for case in skipped),
        tuple(f"{_name(case)}: {_message(case, 'failure', 'error')}" for case in before),
        tuple(_failure(case, root) for case in broken[:MOST_FAILURES]),
    )
    if skipped and not tally.executed:
        raise CannotRun(
            "every test was skipped", "See why above; nothing was tested.", code="no-tests"
        )
    if bool(every) != bool(output.code) or not cases:
        return _broken(output, tally)
    first = "; ".join(f"{_name(c)}: {_message(c, 'failure', 'error')}" for c in broken[:3])
    alone = len(broken) <= MOST_RETRIED and all(map(_has_run, broken))
    failed = f"{len(broken)} of {tally.executed} tests failed: {first}" if broken else ""
    if not broken and not tally.passed:
        failed = f"none of {tally.executed} tests passed: {tally.known_failures[0]}"
    warnings = _of_known(known, cases, before, path)
    retry = tuple(map(_name, broken)) if alone else ()
    return CheckResult(tests=tally, failed=failed, warnings=warnings, retry=retry)


def _of_known(
    known: Mapping[str, str], cases: Sequence[Element], before: Sequence[Element], path: str
) -> tuple[str, ...]:
    """What became of the tests that failed before: they still do, they pass, they are gone."""
    failing = [_name(case) for case in before]
    again = set(failing)
    others = {_name(case): case for case in cases if _name(case) not in again}
    passed = [name for name in known if name in others and others[name].find("skipped") is None]
    gone = [name for name in known if name not in again and name not in others]
    sentences = (
        (failing, "failed before Shipway came and failed again"),
        (passed, f"of {path} passed, which makes the line needless"),
        (gone, f"of {path} no longer in the suite, which makes the line needless"),
    )
    return tuple(
        f"{len(names)} test{'s' if len(names) > 1 else ''} {words}: {_some(names)}"
        for names, words in sentences
        if names
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _child(case: Element, *kinds: str) -> Element | None:
    return next((child for kind in kinds if (child := case.find(kind)) is not None), None)


def _name(case: Element) -> str:
    return f"{case.get('classname', '')}::{case.get('name', '')}".removeprefix("::")


def _message(case: Element, *kinds: str) -> str:
    child = _child(case, *kinds)
    if child is None:
        return "no reason given"
    if child.get("message") == "collection failure":  # the cause is in pytest's own lines
        causes = [line[1:].strip() for line in (child.text or "").splitlines() if line[:2] == "E "]
        return next(filter(None, causes), "it cannot be imported")
    lines = (child.get("message") or "").strip().splitlines()
    return lines[0] if lines else "no reason given"


def _failure(case: Element, root: str) -> TestFailure:
    """The test with the place of its error, and the lines that show it."""
    child = _child(case, "failure", "error")
    text = (child.text if child is not None else "") or ""
    message = _message(case, "failure", "error")
    places = [place for match in _PLACE.finditer(text) if (place := _own(match, root))]
    # Python's compiler names the faulty file last; everything else begins in the test.
    path, line = (places[-1] if "SyntaxError" in text else places[0]) if places else ("", 0)
    shown = [line for line in text.splitlines() if _SHOWN.match(line)]
    details = tuple(line.rstrip()[:_LONGEST_DETAIL] for line in shown[:MOST_DETAILS])
    return TestFailure(_name(case), message, path, line, details)


def _own(match: re.Match[str], root: str) -> tuple[str, int] | None:
    """A place in the application's own files; None for one in a library."""
    path = os.path.normpath(os.path.join(root, match[1] or match[3]))
    relative = os.path.relpath(path, root)
    if relative.startswith(os.pardir) or _LIBRARY.search(relative):
        return None
    return relative, int(match[2] or match[4])


def _kind(name: str, summary: str, expected: float) -> Pytest:
    return Pytest(
        name=name,
        summary=summary,
        tool=tools.APPLICATION_PYTHON,
        stage="test",
        needs=("install", "importable"),
        expected=expected,
        reports=("junit.xml", "coverage.data", END_RECORD),
        serviced=name != "unit",
        settings_in=_SETTINGS,
    )


UNIT = _kind("unit", "unit tests, by pytest", 20.0)
INTEGRATION = _kind("integration", "integration tests, by pytest", 25.0)
BROWSER = _kind("browser", "tests in a browser, by pytest", 35.0)
TESTS = (UNIT, INTEGRATION, BROWSER)
