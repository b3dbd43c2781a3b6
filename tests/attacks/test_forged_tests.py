"""A test suite says of itself that it passed: it leaves early, or writes the runner's report."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.pipeline.contexts import workshop

from shipway.checks.pytest import UNIT
from shipway.config.schema import Application, Config
from shipway.pipeline.execution import run_check
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import StepResult
from shipway.pipeline.step import Step, StepKind

APPLICATION = Application(name="town", packages=("town",), unit_tests="tests", lock="uv.lock")
REPORT = (
    '<testsuites><testsuite name="pytest" tests="2"><testcase classname="tests.test_a" '
    'name="test_one"/><testcase classname="tests.test_a" name="test_two"/></testsuite></testsuites>'
)
FORGE = f"""
import os, sys
OUT = next(word.partition("=")[2] for word in sys.argv + {{argv}} if word.startswith("--junitxml="))
def forge(code=0, more=""):
    with open(OUT, "w") as file:
        file.write('''{REPORT}''')
    exec(more)
    os._exit(code)
"""
ARGV = "open('/proc/self/cmdline').read().split(chr(0))"


def unit(folder: Path, **files: str) -> StepResult:
    """What the step of the unit tests ends with."""
    (folder / "town").mkdir(parents=True)
    (folder / "town" / "__init__.py").write_text("")
    (folder / "tests").mkdir()
    for name, text in files.items():
        (folder / "tests" / f"{name}.py").write_text(text)
    context = workshop(
        folder,
        config=Config(application=APPLICATION),
        checks=lambda name: UNIT,
        environment={"PATH": os.environ["PATH"], "HOME": str(folder)},
    )
    os.makedirs(context.state, exist_ok=True)
    step = Step(
        name="unit",
        stage="test",
        kind=StepKind.CHECK,
        work={"check": "unit", "gates": []},
        needs=("install",),
    )
    return run_check(step, context, lambda line: None)


def test_an_honest_suite_passes(tmp_path: Path) -> None:
    result = unit(tmp_path, test_a="def test_one():\n    pass\ndef test_two():\n    pass\n")
    assert (result.outcome, result.reason) == (Outcome.PASSED, "")


def test_an_honest_failure_is_one(tmp_path: Path) -> None:
    result = unit(tmp_path, test_a="def test_one():\n    assert 0\ndef test_two():\n    pass\n")
    assert result.outcome is Outcome.FAILED
    assert "1 of 2 tests failed" in result.reason


ENDINGS = {
    "in a test": "def test_one():\n    forge()\ndef test_two():\n    assert 0\n",
    "when it is imported": "forge()\ndef test_two():\n    assert 0\n",
    "in a fixture": "import pytest\n@pytest.fixture(autouse=True)\ndef leave():\n    yield\n"
    "    forge()\ndef test_two():\n    assert 0\n",
    "in a thread": "import threading, time\ndef test_two():\n"
    "    threading.Thread(target=forge).start()\n    time.sleep(5)\n    assert 0\n",
    "as if nothing was collected": "forge(5)\ndef test_two():\n    assert 0\n",
    "as if tests had failed and been forgiven": "def test_two():\n    forge(1)\n",
    "with a record of its own": 'def test_two():\n    forge(0, "open(os.path.join(os.path.dirname('
    "OUT), 'end.txt'), 'w').write('0' * 64 + chr(10) + '{\\\"code\\\": 0}')\")\n",
    "with an empty record": 'def test_two():\n    forge(0, "open(os.path.join(os.path.dirname('
    "OUT), 'end.txt'), 'w').close()\")\n",
    "with a record that is no text": 'def test_two():\n    forge(0, "open(os.path.join('
    "os.path.dirname(OUT), 'end.txt'), 'wb').write(bytes(range(256)))\")\n",
    "with what standard input gives": "import hashlib\ndef test_two():\n    key = os.read(0, 64)\n"
    "    seal = hashlib.blake2b(b'{}', key=key, digest_size=32).hexdigest()\n"
    "    forge(0, f\"open(os.path.join(os.path.dirname(OUT), 'end.txt'), 'w').write('{seal}' + "
    "chr(10) + '{{}}')\")\n",
}


@pytest.mark.parametrize("how", ENDINGS)
def test_a_suite_that_leaves_with_a_report_of_its_own_has_failed(how: str, tmp_path: Path) -> None:
    result = unit(tmp_path, test_a=FORGE.format(argv=ARGV) + ENDINGS[how])
    assert result.outcome is Outcome.FAILED
    assert "the tests did not run to their end" in result.reason


def test_a_conftest_that_leaves_with_a_report_has_failed(tmp_path: Path) -> None:
    conftest = FORGE.format(argv=ARGV) + "def pytest_sessionfinish():\n    forge()\n"
    result = unit(tmp_path, conftest=conftest, test_a="def test_two():\n    assert 0\n")
    assert result.outcome is Outcome.FAILED


def test_an_exit_code_that_is_mended_at_the_end_has_failed(tmp_path: Path) -> None:
    conftest = FORGE.format(argv=ARGV) + "import atexit\natexit.register(forge)\n"
    result = unit(tmp_path, conftest=conftest, test_a="def test_two():\n    assert 0\n")
    assert result.outcome is Outcome.FAILED
    assert "ended with 1, and the process with another code" in result.reason


@pytest.mark.parametrize(
    "early",
    [
        "pytest.exit('enough', returncode=0)",
        "request.session.shouldstop = 'enough'",
        "request.session.items.clear()",
    ],
)
def test_tests_that_were_collected_and_did_not_run_are_no_pass(early: str, tmp_path: Path) -> None:
    tests = f"import pytest\ndef test_one(request):\n    {early}\ndef test_two():\n    assert 0\n"
    assert unit(tmp_path, test_a=tests).outcome is Outcome.FAILED


def test_a_failure_that_is_taken_out_of_the_report_is_one(tmp_path: Path) -> None:
    conftest = (
        FORGE.format(argv=ARGV) + "def pytest_unconfigure():\n"
        f"    open(OUT, 'w').write('''{REPORT}''')\n"
        "import pytest\n@pytest.hookimpl(trylast=True)\n"
        "def pytest_sessionfinish(session):\n    session.exitstatus = 0\n"
    )
    tests = "def test_one():\n    assert 0\ndef test_two():\n    pass\n"
    assert unit(tmp_path, conftest=conftest, test_a=tests).outcome is Outcome.FAILED


def test_a_child_that_a_test_forked_and_forgot_writes_no_record(tmp_path: Path) -> None:
    tests = "import os\ndef test_one():\n    os.fork()\ndef test_two():\n    pass\n"
    assert unit(tmp_path, test_a=tests).outcome is Outcome.PASSED


def test_the_key_is_in_no_argument_and_no_variable(tmp_path: Path) -> None:
    tests = (
        "import os, re, sys\ndef test_one():\n"
        "    seen = open('/proc/self/cmdline').read() + open('/proc/self/environ').read()\n"
        "    assert not re.search('[0-9a-f]{64}', seen)\n    assert not sys.stdin.read()\n"
    )
    tests = tests.replace("sys.stdin.read()", "os.read(0, 9)")
    result = unit(tmp_path, test_a=tests)
    assert (result.outcome, result.reason) == (Outcome.PASSED, "")
