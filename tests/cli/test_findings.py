"""Findings from elsewhere, baselines and gates, as a person uses them."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from tests.checks import projects_with_secrets
from tests.cli.in_process import git, shipway

SARIF = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": "CodeQL",
                    "rules": [
                        {
                            "id": "py/sql",
                            "properties": {
                                "security-severity": "9.1",
                                "tags": ["external/cwe/cwe-089"],
                            },
                        }
                    ],
                }
            },
            "results": [
                {
                    "ruleId": "py/sql",
                    "message": {"text": "SQL from parts"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "town/a.py"},
                                "region": {"startLine": 2},
                            }
                        }
                    ],
                }
            ],
        }
    ],
}


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = tmp_path / "town"
    (folder / "town").mkdir(parents=True)
    (folder / "town" / "__init__.py").write_text("")
    (folder / "town" / "a.py").write_text("import subprocess\n\n\ndef go(x):\n    return x\n")
    # One scanner is enough, and bandit needs no network and no environment.
    (folder / "shipway.toml").write_text(
        '[application]\nname = "town"\n[checks]\nsemgrep = false\ngitleaks = false\n'
        "gitleaks-history = false\ntrufflehog = false\ntrivy = false\n"
    )
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def test_what_is_imported_counts_until_it_is_forgotten(town: Path) -> None:
    (town / "codeql.sarif").write_text(json.dumps(SARIF))
    imported = shipway(town, "findings", "import", "codeql.sarif").stdout
    assert "codeql" in imported
    assert "1 critical" in imported
    assert shipway(town, "findings", "import").stdout == imported
    failed = shipway(town, "run", "security")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "1 critical finding is open" in failed.stdout
    assert "town/a.py:2" in failed.stdout
    written = json.loads((town / ".shipway" / "findings.sarif").read_text())
    assert "py/sql" in json.dumps(written)
    assert shipway(town, "findings", "import", "--remove", "codeql").returncode == 0
    assert shipway(town, "run", "security").returncode == 0
    assert shipway(town, "findings", "import", "--remove", "codeql").returncode == 2


def test_what_is_no_report_is_refused_in_words(town: Path) -> None:
    for text in ("rubbish", "{}", "[1]"):
        (town / "x.json").write_text(text)
        refused = shipway(town, "findings", "import", "x.json")
        assert refused.returncode == 2
        assert "Traceback" not in refused.stderr
    assert shipway(town, "findings", "import", "absent.json").returncode == 2


def test_a_baseline_lets_pass_what_was_there_and_nothing_new(town: Path) -> None:
    bad = "\n\ndef run(x):\n    return subprocess.call(x, shell=True)\n"
    with (town / "town" / "a.py").open("a") as file:
        file.write(bad)
    git(town, "commit", "-qam", "old sins")
    assert shipway(town, "run", "security").returncode == 1
    (town / "town" / "a.py").rename(town / "town" / "moved.py")
    passed = shipway(town, "run", "security", "--baseline", "HEAD")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "known" in passed.stdout
    with (town / "town" / "moved.py").open("a") as file:
        file.write(bad.replace("run", "again").replace("(x,", "(x + x,"))
    failed = shipway(town, "run", "security", "--baseline", "HEAD")
    assert failed.returncode == 1
    assert "1 high finding is open" in failed.stdout
    (town / ".shipway" / "findings.sarif").rename(town / "baseline.sarif")
    assert shipway(town, "run", "security", "--baseline", "baseline.sarif").returncode == 0
    wrong = shipway(town, "run", "security", "--baseline", "no-such-branch")
    assert wrong.returncode == 2
    assert "no-such-branch is neither a file nor a commit here" in wrong.stderr
    assert "a baseline may be a SARIF file" in wrong.stderr


@pytest.mark.e2e
def test_a_baseline_does_not_know_a_secret_that_only_the_branch_has(tmp_path: Path) -> None:
    others = ("bandit", "semgrep", "trufflehog", "trivy", "gitleaks")
    town = tmp_path / "town"
    (town / "town").mkdir(parents=True)
    (town / "town" / "__init__.py").write_text("")
    off = "".join(f"{name} = false\n" for name in others)
    (town / "shipway.toml").write_text(f'[application]\nname = "town"\n[checks]\n{off}')
    old, own = projects_with_secrets.OLD, projects_with_secrets.GITHUB
    (town / "town" / "old.py").write_text(f'TOKEN = "{old}"\n')
    git(town, "init", "-q", "-b", "main")
    git(town, "add", ".")
    git(town, "commit", "-qm", "an old secret")
    git(town, "checkout", "-q", "-b", "feature")
    before = shipway(town, "run", "security", "--baseline", "main")
    assert before.returncode == 0, before.stdout + before.stderr
    assert "1 known" in before.stdout
    (town / "town" / "new.py").write_text(f'TOKEN = "{own}"\n')
    git(town, "add", ".")
    git(town, "commit", "-qm", "a secret of its own")
    for state in ("as the branch's newest commit", "taken out again, in the history all the same"):
        for kept in (town / ".shipway" / "baselines").glob("*.json"):
            kept.write_text("[]")  # as earlier versions left it: scanned again
        failed = shipway(town, "run", "security", "--baseline", "main")
        assert failed.returncode == 1, (state, failed.stdout)
        assert "1 secret is in the code" in failed.stdout, state
        git(town, "rm", "-q", "--ignore-unmatch", "town/new.py")
        git(town, "commit", "-q", "--allow-empty", "-m", "without it")
    git(town, "checkout", "-q", "main")  # what another branch has is not this branch's fault
    clean = shipway(town, "run", "security", "--baseline", "main")
    assert clean.returncode == 0, clean.stdout


# -- scans that come in ---------------------------------------------------------------------------


def scan(*results: dict[str, object], tool: str = "AcmeScan", **run: object) -> dict[str, object]:
    driver = {"name": tool, "rules": [{"id": "ACME1"}]}
    return {
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": list(results), **run}],
    }


def result(uri: str = "town/a.py") -> dict[str, object]:
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": 4}}
    return {
        "ruleId": "ACME1",
        "level": "error",
        "message": {"text": "bad"},
        "locations": [{"physicalLocation": place}],
    }


def takes(town: Path, report: object, *words: str, code: int = 0) -> str:
    """What importing a report prints."""
    (town / "report.json").write_bytes(
        report if isinstance(report, bytes) else json.dumps(report).encode()
    )
    done = shipway(town, "findings", "import", "report.json", *words)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_an_open_secret_fails_the_gate_beside_a_resolved_one_without_a_place(town: Path) -> None:
    resolved = {
        "number": 9,
        "state": "resolved",
        "resolution": "used_in_tests",
        "secret_type": "acme_token",
        "validity": "inactive",
    }
    active = {
        "number": 4,
        "state": "open",
        "secret_type": "aws_secret_access_key",
        "validity": "active",
    }
    for alerts in ([resolved, active], [active, resolved]):
        takes(town, alerts)
        failed = shipway(town, "run", "findings")
        assert failed.returncode == 1, failed.stdout + failed.stderr
        assert "1 secret is in the code" in failed.stdout
        assert "aws_secret_access_key" in failed.stdout


def test_a_clean_scan_takes_the_place_of_the_tools_earlier_one(town: Path) -> None:
    takes(town, scan(result()))
    assert shipway(town, "run", "findings").returncode == 1
    listed = takes(town, scan())
    assert listed.count("\n") == 1
    assert "no findings" in listed
    assert shipway(town, "run", "findings").returncode == 0


def test_scans_of_two_categories_or_tools_are_kept_beside_each_other(town: Path) -> None:
    python = {"automationDetails": {"id": "python/1"}}
    takes(town, scan(result(), **python))
    takes(town, scan(automationDetails={"id": "javascript/1"}))
    takes(town, scan(tool="Acme Scan"))
    listed = takes(town, scan(tool="扫描"))
    assert sorted(line.partition("  ")[0].strip() for line in listed.splitlines()) == [
        "Acme Scan",
        "AcmeScan/javascript",
        "AcmeScan/python",
        "扫描",
    ]
    assert shipway(town, "run", "findings").returncode == 1
    takes(town, scan(automationDetails={"id": "python/2"}))
    assert shipway(town, "run", "findings").returncode == 0


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ({"results": None}, "there are no results"),
        ({"invocations": [{"executionSuccessful": False}]}, "it did not succeed"),
        (
            {
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "exitCode": 2,
                        "toolExecutionNotifications": [
                            {"level": "error", "message": {"text": "could not parse app.py"}}
                        ],
                    }
                ]
            },
            "could not parse app.py",
        ),
    ],
)
def test_a_scan_that_is_not_proven_is_incomplete_until_it_is(
    town: Path, run: dict[str, object], reason: str
) -> None:
    takes(town, scan(result()))
    assert reason in takes(town, scan(**run), code=5)
    judged = shipway(town, "run", "findings", "--strict")
    assert judged.returncode == 5, judged.stdout + judged.stderr
    assert f"the imported scan of AcmeScan is incomplete: {reason}" in judged.stdout
    assert "incomplete" in shipway(town, "run", "findings", "--no-strict").stdout
    takes(town, scan())
    assert shipway(town, "run", "findings", "--strict").returncode == 0


def test_what_an_incomplete_scan_found_counts(town: Path) -> None:
    takes(town, scan(result(), invocations=[{"executionSuccessful": False}]), code=5)
    assert shipway(town, "run", "findings").returncode == 1


def test_a_log_without_runs_is_no_scan(town: Path) -> None:
    assert "nothing shows that anything was scanned" in takes(
        town, {"version": "2.1.0", "runs": []}, code=5
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]
)
def test_a_report_is_read_in_any_encoding_of_unicode(town: Path, encoding: str) -> None:
    assert "1 high" in takes(town, json.dumps(scan(result())).encode(encoding))


def test_a_report_comes_through_a_pipe_as_well_as_from_a_file(town: Path) -> None:
    piped = shipway(town, "findings", "import", "-", stdin=json.dumps(SARIF))
    assert piped.returncode == 0, piped.stderr
    assert "from standard input" in piped.stdout
    pipe = town / "report.pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(json.dumps(SARIF),))
    writer.start()
    named = shipway(town, "findings", "import", str(pipe), "--name", "named")
    writer.join()
    assert named.returncode == 0, named.stderr
    assert "1 critical" in named.stdout
    empty = shipway(town, "findings", "import", "-", stdin="")
    assert empty.returncode == 2
    assert "- is not JSON" in empty.stderr


def test_a_report_that_is_nested_too_deeply_is_refused_in_words(town: Path) -> None:
    deep = json.dumps(scan(properties="X")).replace('"X"', '{"a":' * 200_000 + "1" + "}" * 200_000)
    assert "nested too deeply" in takes(town, deep.encode(), code=2)


def test_a_report_without_an_end_is_refused_with_bounded_memory(town: Path) -> None:
    refused = shipway(town, "findings", "import", "/dev/zero")
    assert refused.returncode == 2
    assert "is no regular file" in refused.stderr


def test_a_report_in_another_encoding_names_the_byte(town: Path) -> None:
    assert "position 9" in takes(town, '{"runs":"é"}'.encode("latin-1"), code=2)


@pytest.mark.parametrize(
    "uri",
    [
        "/home/runner/work/town/town/town/a.py",
        "C:\\agent\\_work\\1\\s\\town\\a.py",
        "file:///D:/a/town/town/town/a.py",
        "town\\a.py",
        "%SRCROOT%/town/a.py",
    ],
)
def test_a_place_on_another_machine_is_the_place_here(town: Path, uri: str) -> None:
    takes(town, scan(result(uri)))
    failed = shipway(town, "run", "findings")
    assert failed.returncode == 1
    assert "town/a.py:4" in failed.stdout
    assert uri not in failed.stdout


def test_what_no_step_would_judge_is_said_when_it_comes_in(town: Path) -> None:
    (town / "town" / "a.py").unlink()
    (town / "town" / "__init__.py").unlink()
    assert "judged by no step" in takes(town, scan(result()), code=5)
