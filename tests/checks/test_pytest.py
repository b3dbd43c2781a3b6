from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from coverage import CoverageData

from shipway.checks.pytest import INTEGRATION, UNIT, failed_tests
from shipway.checks.scripts import HERE, measure_django, measure_tests
from shipway.config.schema import Application, Config, Gates
from shipway.errors import CannotRun
from shipway.pipeline.check import CheckResult, ToolOutput
from shipway.pipeline.result import TestTally

from . import tiny_application
from .check_results import argv, fix, read, refusal, refused
from .recordings import SITE, config_of, load

BROKE = "the tests did not run to their end"


def test_tests_run_within_coverage() -> None:
    assert argv("unit") == (
        f"{HERE}/measure_tests.py",
        "/app/.shipway/out/coverage.data",
        "town",
        "tests/unit",
        "--junitxml=/app/.shipway/out/junit.xml",
        "-p",
        "no:cacheprovider",
    )
    assert argv("integration") == (
        f"{HERE}/measure_tests.py",
        "/app/.shipway/out/coverage.data",
        "town",
        "tests/integration",
        "--junitxml=/app/.shipway/out/junit.xml",
        "-p",
        "no:cacheprovider",
    )


def test_integration_tests_below_the_unit_tests_are_left_to_their_own_check() -> None:
    config = Config(
        application=Application(unit_tests="tests/", integration_tests="tests/integration")
    )
    assert UNIT.argv(config, SITE)[2:5] == (".", "tests/", "--ignore=tests/integration")
    assert "--ignore=tests/integration" not in INTEGRATION.argv(config, SITE)


def test_any_file_may_change_what_tests_say() -> None:
    assert UNIT.inputs(tiny_application.CONFIG) == ("**",)


def test_a_failing_test_needs_no_gate_and_has_no_repair() -> None:
    assert UNIT.gates(tiny_application.CONFIG) == ()
    assert fix("unit") is None


@pytest.mark.parametrize("name", ["unit", "integration"])
def test_passed_tests_are_counted(name: str) -> None:
    reading = read(name, "clean")
    assert reading.tests == TestTally(1, 0, 0)
    assert reading.failed == ""


def test_the_first_three_failures_are_named() -> None:
    assert read("unit", "bad").failed == (
        "5 of 6 tests failed: tests.unit.test_bad::test_adds_wrongly: assert 3 == 4; "
        "tests.unit.test_bad::test_raises: ValueError: no such ward; "
        "tests.unit.test_bad::test_third: AssertionError: assert not 'three'"
    )


def test_what_was_skipped_is_named_with_its_reason() -> None:
    left_out = ("tests.unit.test_bad::test_bridge: the river is high",)
    tests = read("unit", "bad").tests
    assert tests is not None
    assert replace(tests, failures=()) == TestTally(1, 5, 1, left_out)


def test_a_failed_test_has_its_place_its_error_and_the_lines_that_show_it() -> None:
    tests = read("unit", "bad").tests
    assert tests is not None
    first, raised, *_, crosses = tests.failures
    assert (first.name, first.place) == (
        "tests.unit.test_bad::test_adds_wrongly",
        "tests/unit/test_bad.py:7",
    )
    assert first.message == "assert 3 == 4"
    assert first.details == (
        ">       assert add(1, 2) == 4",
        "E       assert 3 == 4",
        "E        +  where 3 = add(1, 2)",
    )
    assert (raised.message, raised.place) == (
        "ValueError: no such ward",
        "tests/unit/test_bad.py:11",
    )
    assert crosses.place == "tests/unit/test_bad.py:24"


def test_a_file_that_cannot_be_imported_has_the_line_of_the_import() -> None:
    tests = read("unit", "unimportable").tests
    assert tests is not None
    assert [failure.place for failure in tests.failures] == ["tests/unit/test_lost.py:1"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        # unittest, as Django's runner shows it: the test's own frame comes first
        (
            'Traceback (most recent call last):\n  File "/usr/lib/python3.11/unittest/mock.py", '
            'line 7, in x\n  File "{root}/town/tests.py", line 12, in test_adds\n'
            '  File "{root}/town/sums.py", line 3, in add\nAssertionError: 3 != 4',
            "town/tests.py:12",
        ),
        # what Python's compiler does not take: the faulty file is named last
        (
            "tests/test_a.py:1: in <module>\n    import town\n"
            'E     File "{root}/town.py", line 9\nE       def x(:\nE   SyntaxError: invalid syntax',
            "town.py:9",
        ),
        # everything in a library: no place of one's own
        (
            '  File "{root}/.venv/lib/python3.11/site-packages/flask/app.py", line 2, in x',
            "test_it",
        ),
        ("", "test_it"),
    ],
)
def test_the_place_of_a_failure_is_in_the_applications_own_files(text: str, place: str) -> None:
    shown = text.replace("{root}", SITE.root).replace("<", "&lt;")
    xml = f'<s><testcase name="test_it"><failure message="no">{shown}</failure></testcase></s>'
    output = ToolOutput(1, "", "", {"junit.xml": xml.encode()})
    tests = UNIT.read(output, tiny_application.CONFIG, SITE).tests
    assert tests is not None
    assert tests.failures[0].place == place


def test_a_test_file_that_cannot_be_imported_is_a_failure_with_its_cause() -> None:
    assert read("unit", "unimportable").failed == (
        "1 of 1 tests failed: tests.unit.test_lost: ModuleNotFoundError: No module named 'nothere'"
    )


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ('<error message="collection failure">no cause</error>', "it cannot be imported"),
        ('<error message="collection failure"/>', "it cannot be imported"),
        ('<failure message=""/>', "no reason given"),
    ],
)
def test_a_failure_without_a_message_is_one_all_the_same(inside: str, said: str) -> None:
    xml = f'<testsuites><testcase name="test_it">{inside}</testcase></testsuites>'
    output = replace(load("unit", "bad"), reports={"junit.xml": xml.encode()})
    assert (
        UNIT.read(output, tiny_application.CONFIG, SITE).failed
        == f"1 of 1 tests failed: test_it: {said}"
    )


def test_no_tests_are_not_a_pass() -> None:
    problem = refusal("unit", load("unit", "no-tests"))
    assert problem.message == "there are no tests in tests/unit"
    assert problem.remedy == "Write one, or switch it off: [checks] unit = false."


@pytest.mark.parametrize("code", [5, 0])
def test_when_every_test_was_skipped_nothing_was_tested(code: int) -> None:
    output = replace(load("unit", "all-skipped"), code=code)
    assert refusal("unit", output).message == "every test was skipped"


@pytest.mark.parametrize("quote", ["'", ""])
@pytest.mark.parametrize("module", ["coverage", "pytest"])
def test_an_environment_without_pytest_says_what_to_add(module: str, quote: str) -> None:
    output = load("unit", "no-pytest")
    stderr = output.stderr.replace("'coverage'", f"{quote}{module}{quote}")
    problem = refusal("unit", replace(output, stderr=stderr))
    assert problem.message == f"the application's environment has no {module}"
    assert problem.remedy == f"Add it to the development dependencies: uv add --dev {module}."


def test_a_folder_that_is_not_there_is_no_result() -> None:
    assert refused("unit", "nothing") == "there are no tests in tests/unit"


@pytest.mark.parametrize(
    ("case", "cause"),
    [
        ("broken-conftest", "ModuleNotFoundError: No module named 'nothere'; the run ended with 4"),
        ("unparsable-conftest", "SyntaxError: invalid syntax; the run ended with 4"),
        ("failing-conftest", "OSError: the registry of wards is not there; the run ended with 3"),
        ("failing-hook", "OSError: the registry of wards is not there; the run ended with 3"),
        (
            "no-such-plugin",
            "Error importing plugin \"nothere\": No module named 'nothere'; the run ended with 4",
        ),
        ("required-plugin", "Missing required plugins: pytest-nothere; the run ended with 4"),
        ("broken-plugin", "OSError: the registry of wards is not there; the run ended with 3"),
        ("unknown-option", "unrecognized arguments: --nothere; the run ended with 4"),
        ("another-folder", "file or directory not found: nothere/; the run ended with 4"),
        (
            "wrong-toml",
            "coverage.exceptions.ConfigError: Couldn't read config file pyproject.toml: "
            "Expected ']' at the end of a table declaration (at line 7, column 6); "
            "the run ended with 1",
        ),
        ("killed", "its last line is 'tests/unit/test_ends.py'; the run was ended by signal 9"),
        ("exited", "its last line is 'tests/unit/test_ends.py'; the run ended with 0"),
        ("stopped", "_pytest.outcomes.Exit: no more; the run ended with 2"),
        (
            "django-broken-settings",
            "ModuleNotFoundError: No module named 'nothere'; the run ended with 1",
        ),
        (
            "django-no-such-app",
            "ModuleNotFoundError: No module named 'nothere'; the run ended with 1",
        ),
        (
            "django-broken-migration",
            "django.db.utils.OperationalError: no such table: wards; the run ended with 1",
        ),
        (
            "django-killed",
            "its last line is \"Creating test database for alias 'default'...\"; "
            "the run was ended by signal 9",
        ),
        (
            "django-exited",
            "its last line is \"Creating test database for alias 'default'...\"; "
            "the run ended with 0",
        ),
    ],
)
def test_a_suite_that_breaks_has_failed_with_the_error_as_the_reason(case: str, cause: str) -> None:
    reading = UNIT.read(load("unit", case), config_of(case), SITE)
    assert reading.failed == f"the tests did not run to their end: {cause}"
    assert "conftest.py" in reading.remedy


def test_every_suite_that_breaks_is_among_them() -> None:
    for case in (*tiny_application.BROKEN_SUITES, *tiny_application.BROKEN_DJANGO):
        assert UNIT.read(load("unit", case), config_of(case), SITE).failed, case


@pytest.mark.parametrize(
    "report",
    [{}, {"junit.xml": b""}, {"junit.xml": b"<testsuites>"}, {"junit.xml": b"<testsuites/>"}],
)
def test_without_a_whole_report_the_suite_has_failed(report: dict[str, bytes]) -> None:
    output = replace(load("unit", "clean"), reports=report)
    assert BROKE in UNIT.read(output, tiny_application.CONFIG, SITE).failed


def test_a_suite_that_prints_nothing_has_failed_too() -> None:
    said = UNIT.read(ToolOutput(1, "", ""), tiny_application.CONFIG, SITE).failed
    assert said == f"{BROKE}: it printed nothing; the run ended with 1"


def test_an_exit_code_that_does_not_fit_fails_the_suite() -> None:
    for case, code in (("bad", 0), ("clean", 1), ("clean", 2), ("bad", 3), ("bad", -9)):
        output = replace(load("unit", case), code=code)
        assert BROKE in UNIT.read(output, tiny_application.CONFIG, SITE).failed


def test_djangos_tests_are_counted() -> None:
    assert read("unit", "django-clean").tests == TestTally(1, 0, 0)
    assert refused("unit", "django-no-tests").startswith("there are no tests")
    assert "No module named 'nothere'" in read("unit", "django-unimportable").failed


def test_a_test_of_django_that_passes_against_its_word_has_failed() -> None:
    assert read("unit", "django-unexpected").failed == (
        "1 of 1 tests failed: town.tests.SumTests::test_adds: it passed, and was expected to fail"
    )


def test_a_class_of_django_that_skips_its_set_up_has_tested_nothing() -> None:
    assert refused("unit", "django-class-skipped") == "every test was skipped"
    reading = read("unit", "django-class-broken")
    assert reading.failed.endswith("OSError: no ferry")
    assert reading.tests is not None
    assert (reading.tests.passed, reading.tests.skipped) == (0, 1)


@pytest.mark.parametrize("options", ["", "--cov=town", "-n2"])
def test_coverage_is_measured_whatever_the_projects_settings_add(
    options: str, tmp_path: Path
) -> None:
    settings = f"\n[tool.pytest.ini_options]\naddopts = '{options}'\n"
    project = tiny_application.CLEAN["pyproject.toml"] + settings
    tiny_application.write({**tiny_application.CLEAN, "pyproject.toml": project}, str(tmp_path))
    data = tmp_path / "coverage.data"
    subprocess.run(
        [sys.executable, f"{HERE}/measure_tests.py", str(data), "town", "tests/unit", "-q"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    found = CoverageData(str(data))
    found.read()
    lines = {os.path.basename(file): found.lines(file) for file in found.measured_files()}
    assert {4, 6, 8} <= set(lines["good.py"] or [])


@pytest.mark.filterwarnings("ignore::coverage.exceptions.CoverageWarning")
def test_the_exit_code_is_pytests_own_and_data_are_written_all_the_same(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    assert measure_tests.main(str(tmp_path / "coverage.data"), nowhere, "-q", nowhere) == 4
    assert (tmp_path / "coverage.data").is_file()


# -- tests that failed before Shipway came --------------------------------------------------------

LIST = "shipway-known-failures.toml"
SUITE = "tests.test_town"


def known(
    folder: Path, tests: dict[str, str], *listed: str, code: int | None = None
) -> CheckResult:
    """What the check makes of a suite. tests: name → what is in its test case; listed: the tests
    of the list of known failures."""
    lines = [f'"{SUITE}::{name}" = "OSError: no route to host"' for name in listed]
    (folder / LIST).write_text("\n".join(["[unit]", *lines]))
    cases = (
        f'<testcase classname="{SUITE}" name="{name}">{inside}</testcase>'
        for name, inside in tests.items()
    )
    xml = f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"
    config = Config(application=Application(unit_tests="tests"), gates=Gates(known_failures=LIST))
    broken = any(inside and "skipped" not in inside for inside in tests.values())
    output = ToolOutput(int(broken) if code is None else code, "", "", {"junit.xml": xml.encode()})
    return UNIT.read(output, config, replace(SITE, root=str(folder)))


FAILED = '<failure message="OSError: no host"/>'
SKIPPED = '<skipped message="the river is high"/>'
UNCOLLECTED = '<error message="collection failure"/>'


def test_a_test_that_failed_before_is_named_and_neither_passed_nor_failed(tmp_path: Path) -> None:
    reading = known(tmp_path, {"mail": FAILED, "sum": ""}, "mail")
    assert reading.failed == ""
    assert reading.tests == TestTally(1, 0, 0, known_failures=(f"{SUITE}::mail: OSError: no host",))
    assert reading.tests and reading.tests.executed == 2
    assert reading.warnings == (
        f"1 test failed before Shipway came and failed again: {SUITE}::mail",
    )


def test_a_test_that_fails_anew_fails_the_suite_all_the_same(tmp_path: Path) -> None:
    reading = known(tmp_path, {"mail": FAILED, "post": FAILED, "sum": ""}, "mail")
    assert reading.failed == f"1 of 3 tests failed: {SUITE}::post: OSError: no host"
    assert reading.tests and reading.tests.failed == 1


def test_a_listed_test_that_passes_and_one_that_is_gone_are_told(tmp_path: Path) -> None:
    reading = known(tmp_path, {"mail": "", "sum": "", "post": SKIPPED}, "mail", "fax", "post")
    assert reading.failed == ""
    assert reading.tests and (reading.tests.passed, reading.tests.known_failures) == (2, ())
    assert reading.warnings == (
        f"1 test of {LIST} passed, which makes the line needless: {SUITE}::mail",
        f"1 test of {LIST} no longer in the suite, which makes the line needless: {SUITE}::fax",
    )


def test_where_all_that_ran_failed_before_nothing_is_proved(tmp_path: Path) -> None:
    reading = known(tmp_path, {"mail": FAILED}, "mail")
    assert reading.failed == f"none of 1 tests passed: {SUITE}::mail: OSError: no host"


@pytest.mark.parametrize("code", [0, 2, 3])
def test_a_suite_that_breaks_has_failed_whatever_was_known(code: int, tmp_path: Path) -> None:
    cases = {"mail": FAILED, "sum": ""} if code != 2 else {"mail": UNCOLLECTED, "sum": ""}
    assert known(tmp_path, cases, "mail", code=code).failed


def test_a_list_that_cannot_be_read_is_no_list_of_nothing(tmp_path: Path) -> None:
    (tmp_path / LIST).write_text("[unit")
    config = Config(application=Application(unit_tests="t"), gates=Gates(known_failures=LIST))
    with pytest.raises(CannotRun, match=f"{LIST} cannot be read"):
        UNIT.read(load("unit", "clean"), config, replace(SITE, root=str(tmp_path)))


def test_the_failed_tests_of_a_report_are_named_with_their_reasons() -> None:
    report = load("unit", "bad").reports["junit.xml"]
    failed = failed_tests(report)
    assert failed is not None
    assert failed["tests.unit.test_bad::test_raises"] == "ValueError: no such ward"
    assert len(failed) == 5


@pytest.mark.parametrize("case", ["unimportable", "django-unimportable"])
def test_which_tests_of_a_file_that_cannot_be_imported_fail_is_not_known(case: str) -> None:
    assert failed_tests(load("unit", case).reports["junit.xml"]) is None
    assert failed_tests(b"") is None


# -- tests are found where they are ---------------------------------------------------------------


def collected(folder: Path, files: dict[str, str], unit: str = ".") -> tuple[CheckResult, set[str]]:
    """What the check makes of a project's tests, and the names of those that ran."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    out = folder / ".shipway" / "out"
    out.mkdir(parents=True)
    site = replace(SITE, root=str(folder), out=str(out))
    config = Config(application=Application(unit_tests=unit))
    done = subprocess.run(
        [sys.executable, *UNIT.argv(config, site)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    xml = (out / "junit.xml").read_bytes()
    output = ToolOutput(done.returncode, done.stdout, done.stderr, {"junit.xml": xml})
    names = {case.get("name", "") for case in fromstring(xml).iter("testcase")}
    return UNIT.read(output, config, site), names


TEST = "def test_{}():\n    assert 1\n"
CASE = """import unittest


class Wards(unittest.TestCase):
    def test_{}(self):
        pass
"""


def test_tests_of_several_roots_run_whatever_their_files_are_called(tmp_path: Path) -> None:
    files = {
        "tests.py": CASE.format("top"),
        "shop/tests.py": CASE.format("shop"),
        "shop/__init__.py": "",
        "apps/cart/tests/test_cart.py": TEST.format("cart"),
        "tests/unit_test.py": TEST.format("unit"),
    }
    result, names = collected(tmp_path, files)
    assert result.failed == ""
    assert names == {"test_top", "test_shop", "test_cart", "test_unit"}


def test_pytest_looks_where_its_own_settings_say(tmp_path: Path) -> None:
    files = {
        "pytest.ini": "[pytest]\ntestpaths = checks shop\npython_files = check_*.py\n"
        "addopts = --doctest-modules\n",
        "checks/check_a.py": TEST.format("a"),
        "shop/money.py": '"""Money.\n\n>>> 2 + 2\n4\n"""\n',
        "elsewhere/check_b.py": TEST.format("b"),
        "checks/tests.py": TEST.format("no"),
    }
    result, names = collected(tmp_path, files)
    assert result.failed == ""
    assert names == {"test_a", "money"}


@pytest.mark.parametrize("option", ["-x", "--maxfail 1", "--exitfirst"])
def test_a_project_that_stops_at_its_first_failure_hides_no_other_test(
    option: str, tmp_path: Path
) -> None:
    files = {
        "pytest.ini": f"[pytest]\naddopts = {option}\n",
        "test_a.py": TEST.format("a").replace("1", "0"),
        "test_b.py": TEST.format("b"),
    }
    result, names = collected(tmp_path, files)
    assert result.failed.startswith("1 of 2 tests failed: test_a::test_a")
    assert names == {"test_a", "test_b"}


@pytest.mark.parametrize("unit", ["svc/tests", "."])
def test_a_path_in_addopts_that_is_there_only_from_another_folder_is_not_asked_for(
    unit: str, tmp_path: Path
) -> None:
    files = {
        "pytest.ini": "[pytest]\naddopts = --strict-markers --maxfail 1 tests/\n",
        "svc/tests/test_a.py": TEST.format("a"),
    }
    result, names = collected(tmp_path, files, unit=unit)
    assert result.failed == ""
    assert names == {"test_a"}


def test_a_path_in_addopts_that_is_there_is_tested_besides(tmp_path: Path) -> None:
    files = {
        "pytest.ini": "[pytest]\naddopts = checks/test_b.py::test_b\n",
        "tests/test_a.py": TEST.format("a"),
        "checks/test_b.py": TEST.format("b"),
    }
    assert collected(tmp_path, files, unit="tests")[1] == {"test_a", "test_b"}


def test_tests_that_are_there_and_not_collected_are_a_failure_with_the_reason(
    tmp_path: Path,
) -> None:
    files = {
        "pytest.ini": "[pytest]\npython_files = check_*.py\n",
        "tests/test_a.py": TEST.format("a"),
        "tests/testing.py": "helper = 1\n",
        "tests/tests.py": CASE.format("b"),
    }
    result, names = collected(tmp_path, files, unit="tests")
    assert names == set()
    assert result.failed == (
        "no test was collected, although there are tests in tests/test_a.py, tests/tests.py"
    )
    assert "python_files" in result.remedy


def test_a_root_without_tests_is_named_in_words(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match=r"there are no tests in the application's folder$"):
        collected(tmp_path, {"app.py": "helper = 1\n"})


def test_a_folder_of_no_tests_has_none(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="there are no tests in tests"):
        collected(tmp_path, {"tests/testing.py": "helper = 1\n"}, unit="tests")


@pytest.mark.parametrize("root", [".", "./"])
def test_of_tests_in_the_root_those_of_another_kind_are_left_to_it(root: str) -> None:
    config = Config(application=Application(unit_tests=root, integration_tests="tests/live"))
    assert UNIT.argv(config, SITE)[3] == "--ignore=tests/live"
    assert "--ignore=." not in INTEGRATION.argv(config, SITE)


# -- tests that are run again --------------------------------------------------------------


def again(first: dict[str, str], second: dict[str, str]) -> TestTally:
    """The tally of a suite that had these cases at first, and those when it was run again."""

    def output(cases: dict[str, str]) -> ToolOutput:
        rows = "".join(
            f'<testcase classname="{name.rpartition(".")[0]}" name="{name.rpartition(".")[2]}">'
            f"{inside}</testcase>"
            for name, inside in cases.items()
        )
        xml = f"<testsuites><testsuite>{rows}</testsuite></testsuites>"
        return ToolOutput(int(any(cases.values())), "", "", {"junit.xml": xml.encode()})

    config = Config(application=Application(unit_tests="tests"))
    reading = UNIT.read(output(first), config, SITE)
    assert reading.retry == tuple(
        f"{name.rpartition('.')[0]}::{name.rpartition('.')[2]}" for name in first if first[name]
    )
    tests = UNIT.retried(reading, output(second), config, SITE, date(2026, 1, 1)).tests
    assert tests is not None
    return tests


def test_a_part_of_a_test_has_passed_where_its_test_did() -> None:
    part = "polls.Tests.test_sub (i=0)"
    first = {"polls.Tests.test_sub": "", part: FAILED}
    assert again(first, {"polls.Tests.test_sub": ""}).failed == 0
    other = {"polls.Tests.test_sub": "", "polls.Tests.test_sub (i=1)": FAILED}
    assert again(first, other).failed == 1
    assert again(first, {"polls.Tests.test_other": ""}).failed == 1


def test_what_sets_up_a_class_has_passed_where_every_test_of_the_class_did() -> None:
    first = {"polls.Good.test_a": "", "setUpClass (polls.Tests)": FAILED}
    assert again(first, {"polls.Tests.test_a": "", "polls.Tests.test_b": ""}).failed == 0
    assert again(first, {"polls.Tests.test_a": "", "polls.Tests.test_b": FAILED}).failed == 1
    assert again(first, {"polls.Tests.test_a": SKIPPED}).failed == 1
    assert again(first, {}).failed == 1


def test_django_is_given_the_tests_by_its_own_names() -> None:
    names = ("polls.Tests::test_a", "polls.Tests::test_b (i=0)", "setUpClass (polls::Other)")
    assert measure_django.labels(names) == [
        "polls.Tests.test_a",
        "polls.Tests.test_b",
        "polls.Other",
    ]
    config = Config(application=Application(unit_tests="polls", test_runner="django"))
    assert UNIT.argv(config, replace(SITE, only=names))[4:] == names


def test_only_the_files_of_the_tests_are_collected_again(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").touch()
    site = replace(SITE, root=str(tmp_path))

    def arguments(*names: str) -> tuple[str, ...]:
        return UNIT.argv(tiny_application.CONFIG, replace(site, only=names))[3:-3]

    assert arguments("tests.test_a.TestB::test_c", "tests.test_a::test_d") == (
        "--only-test=tests.test_a.TestB::test_c",
        "--only-test=tests.test_a::test_d",
        "tests/test_a.py",
    )
    assert arguments("tests.test_b::test_c") == ("--only-test=tests.test_b::test_c", "tests/unit")
