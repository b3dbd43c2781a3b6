"""What is left out is named, counted, and run when its part has come: pytest itself, run here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.left_out import UNEXPLAINED, Account, Earlier, leave_out, part_of

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from tests.left_out import leave_out

def test_runs():
    pass

@pytest.mark.needs("trivy")
def test_with_a_program():
    pass

@pytest.mark.needs("AWS account")
@pytest.mark.parametrize("which", ["a", "b"])
def test_with_an_account(which):
    pass

@pytest.fixture
def small_disk():
    leave_out("small disk", "only root may mount it")

def test_with_a_fixture(small_disk):
    pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A suite of five tests on a machine with no part at all."""
    pytester.makepyfile(test_suite=SUITE)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("SHIPWAY_REAL_AWS", raising=False)
    return pytester


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "tests.left_out", *options)


def with_trivy(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part comes."""
    program = pytester.path / "trivy"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(pytester.path))


def test_a_run_ends_with_what_was_left_out_by_part(suite: pytest.Pytester) -> None:
    result = run(suite)
    result.stdout.fnmatch_lines(
        ["left out: 4 of 5 tests", "  trivy: 1", "  AWS account: 2", "  small disk: 1"]
    )
    assert result.ret == 0
    result.assert_outcomes(passed=1, skipped=4)


@pytest.mark.parametrize("processes", [(), ("-n", "1")], ids=["in process", "distributed"])
def test_exactly_what_was_left_out_runs_when_its_part_has_come(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, processes: tuple[str, ...]
) -> None:
    run(suite, "--left-out-to", "left-out.json", *processes)
    kept = json.loads(Path("left-out.json").read_text())
    assert (kept["ran"], len(kept["left_out"])) == (1, 4)

    with_trivy(suite, monkeypatch)
    monkeypatch.setenv("SHIPWAY_REAL_AWS", "yes")
    allowed = "small disk=nobody mounts here"
    result = run(suite, "--only-from", "left-out.json", "--allow-left-out", allowed, *processes)
    result.stdout.fnmatch_lines(
        [
            "5 tests: 1 ran before, 3 now that their parts have come, 1 left out",
            "  small disk: 1 (allowed: nobody mounts here)",
        ]
    )
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] == 3


def test_a_part_that_has_not_come_fails_the_second_run(suite: pytest.Pytester) -> None:
    run(suite, "--left-out-to", "left-out.json")
    result = run(suite, "--only-from", "left-out.json", "--allow-left-out", "trivy=no package")
    result.stdout.fnmatch_lines(["  test_suite.py::test_with_a_fixture: *only root may mount it"])
    result.stdout.no_fnmatch_line("  test_suite.py::test_with_a_program: *")
    assert result.ret == 1


def test_a_test_that_is_gone_since_fails_the_second_run(suite: pytest.Pytester) -> None:
    left_out = {"test_suite.py::test_with_a_program": "", "test_suite.py::test_renamed": ""}
    Path("left-out.json").write_text(json.dumps({"ran": 1, "failed": 0, "left_out": left_out}))
    result = run(suite, "--only-from", "left-out.json", "--allow-left-out", "trivy=no package")
    result.stdout.fnmatch_lines(["  test_suite.py::test_renamed: there is no such test"])
    assert result.ret == 1


@pytest.mark.parametrize(
    "skipped",
    [
        "import pytest\npytest.skip('not today', allow_module_level=True)",
        "import pytest\n@pytest.mark.skip(reason='not today')\ndef test_it(): pass",
        "import pytest\ndef test_it(): pytest.skip('not today')",
    ],
    ids=["module", "marker", "call"],
)
def test_another_skip_is_named_and_fails_the_second_run(
    pytester: pytest.Pytester, skipped: str
) -> None:
    pytester.makepyfile(test_other=skipped)
    first = run(pytester, "--left-out-to", "left-out.json")
    first.stdout.fnmatch_lines([f"  {UNEXPLAINED}: 1", "  test_other.py*: *not today"])
    second = run(pytester, "--only-from", "left-out.json")
    second.stdout.fnmatch_lines([f"  {UNEXPLAINED}: 1", "  test_other.py*: *not today"])
    assert second.ret != 0


def test_only_a_part_of_the_table_can_be_named() -> None:
    with pytest.raises(ValueError, match="'moon' is not one of the parts: buildah, chromium"):
        leave_out("moon", "far away")
    assert part_of("Skipped: some other reason") == UNEXPLAINED


def test_the_worst_phase_of_a_test_is_its_outcome() -> None:
    account = Account()
    for outcome in ("passed", "failed", "passed"):
        account.note("a", outcome)
    account.note("b", "skipped", "why")
    account.note("b", "passed")
    account.note("c", "skipped", "why")
    account.note("c", "failed")
    assert account.result() == Earlier(ran=2, failed=2, left_out={"b": "why"})
