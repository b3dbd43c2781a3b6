"""trufflehog 3, in place of which a script prints what is published of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.patience import PATIENCE

from shipway.checks.trufflehog import TRUFFLEHOG
from shipway.errors import CannotRun
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput, ToolSource

from . import tiny_application
from .check_results import argv, faults, fix
from .published_outputs import published

FILES = {"town/client.py": "x\n" * 3, "infra/deploy.env": "x\n", "infra/a key.pem": "x\n"}
THIRD = 'if "--version" in sys.argv:\n    sys.exit("trufflehog 3.95.9")\n'
SECOND = 'sys.exit("usage: trufflehog [-h] [--json] git_url")\n'


def said(case: str) -> str:
    """A script that says what is published, of the folder that it is given."""
    output = published("trufflehog", case)
    return (
        f"{THIRD}assert sys.argv[1:4:2] == ['filesystem', '--json'], sys.argv\n"
        "assert sys.argv[4:] == ['--no-verification', '--no-update', '--fail'], sys.argv\n"
        f"print({output.stdout!r}.replace('FOLDER', sys.argv[2]), end='')\n"
        f"print({output.stderr!r}, end='', file=sys.stderr)\nsys.exit({output.code})\n"
    )


def run(folder: Path, script: str = "") -> ToolOutput:
    """The check as the pipeline starts it, with a script for trufflehog (or without any)."""
    root, beside = folder / "root", folder / "beside"
    tiny_application.write(FILES, str(root))
    path = f"{beside}:{os.path.dirname(sys.executable)}:/usr/bin:/bin"
    if script:
        tiny_application.write(
            {"trufflehog": f"#!{sys.executable}\nimport sys\n{script}"}, str(beside)
        )
        (beside / "trufflehog").chmod(0o755)
    tool, context = TRUFFLEHOG.tool, CheckContext(str(root), str(folder))
    done = subprocess.run(
        [sys.executable, "-m", tool.program, *TRUFFLEHOG.argv(tiny_application.CONFIG, context)],
        cwd=root,
        env={"PATH": path, "HOME": str(folder), **dict(tool.env)},
        timeout=PATIENCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "made-up" not in done.stdout + done.stderr
    return ToolOutput(done.returncode, done.stdout, done.stderr)


def read(folder: Path, script: str) -> CheckResult:
    """What the check makes of it."""
    root = str(folder / "root")
    return TRUFFLEHOG.read(
        run(folder, script), tiny_application.CONFIG, CheckContext(root, str(folder))
    )


def refused(folder: Path, script: str = "") -> CannotRun:
    """Why it is not trusted."""
    with pytest.raises(CannotRun) as raised:
        read(folder, script)
    return raised.value


def test_our_own_program_runs_it_for_it_prints_the_secrets() -> None:
    assert TRUFFLEHOG.tool.home is ToolSource.OWN
    assert argv("trufflehog") == ("trufflehog", "/app")
    assert fix("trufflehog") is None
    assert TRUFFLEHOG.gates(tiny_application.CONFIG) == ()
    assert TRUFFLEHOG.max_age == 0


def test_findings_say_what_and_where_and_not_the_secret(tmp_path: Path) -> None:
    reading = read(tmp_path, said("bad"))
    assert faults(reading) == [
        ("PrivateKey", "infra/a key.pem", 0, Severity.CRITICAL),
        ("AWS", "infra/deploy.env", 1, Severity.CRITICAL),
        ("Github", "town/client.py", 3, Severity.HIGH),
    ]
    key, _, token = reading.findings
    assert token.message == "A secret of Github"
    assert (token.kind, token.cwe, key.cwe) == (FindingKind.SECRET, ("CWE-798",), ("CWE-321",))
    assert token.confidence == ""  # nothing was tried out
    assert len({one.content for one in reading.findings}) == 3


def test_what_was_tried_out_and_works_is_certain(tmp_path: Path) -> None:
    reading = read(tmp_path, said("bad").replace('"Verified": false', '"Verified": true', 1))
    assert [one.confidence for one in reading.findings] == ["", "", "high"]


def test_clean_is_clean(tmp_path: Path) -> None:
    assert read(tmp_path, said("clean")) == CheckResult()


def test_where_it_is_not_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    problem = refused(tmp_path)
    assert problem.message == "trufflehog is not here"
    assert "releases" in problem.remedy
    assert "trufflehog = false" in problem.remedy


def test_the_older_tool_of_that_name_is_not_taken_for_it(tmp_path: Path) -> None:
    problem = refused(tmp_path, SECOND)
    assert problem.message == (
        "this trufflehog is not version 3: usage: trufflehog [-h] [--json] git_url"
    )
    assert "older tool" in problem.remedy


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("sys.exit(1)", "trufflehog ended with 1: it printed nothing"),
        ("sys.exit(0)", "trufflehog ended with 0: it printed nothing"),
        ("print('made-up rubbish')", "trufflehog's JSON is not understood"),
        ("print('{\"SourceMetadata\": {}}')", "trufflehog's JSON is not understood"),
        ("print('3')", "trufflehog's JSON is not understood"),
        ("sys.exit('panic: no')", "trufflehog ended with 1: panic: no"),
    ],
)
def test_what_does_not_end_well_is_no_result(tmp_path: Path, script: str, why: str) -> None:
    assert why in refused(tmp_path, THIRD + script).message


@pytest.mark.parametrize(("case", "code"), [("bad", "0"), ("clean", "183")])
def test_an_exit_code_that_does_not_fit_is_no_result(tmp_path: Path, case: str, code: str) -> None:
    script = said(case).rpartition("sys.exit(")[0] + f"sys.exit({code})"
    assert f"trufflehog ended with {code}" in refused(tmp_path, script).message


def test_a_scan_that_was_not_finished_is_no_result(tmp_path: Path) -> None:
    script = said("clean").replace("finished scanning", "begun scanning")
    assert "no result" in refused(tmp_path, script).message
