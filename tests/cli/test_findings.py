"""Findings from elsewhere, baselines and gates, as a person uses them."""

from __future__ import annotations

import json
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
    assert "critical findings is 1" in failed.stdout
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
    assert "high findings is 1" in failed.stdout
    (town / ".shipway" / "findings.sarif").rename(town / "baseline.sarif")
    assert shipway(town, "run", "security", "--baseline", "baseline.sarif").returncode == 0
    wrong = shipway(town, "run", "security", "--baseline", "no-such-branch")
    assert wrong.returncode == 2
    assert "no-such-branch is neither a file nor a commit here" in wrong.stderr
    assert "A baseline is" in wrong.stderr


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
        assert "secrets is 1" in failed.stdout, state
        git(town, "rm", "-q", "--ignore-unmatch", "town/new.py")
        git(town, "commit", "-q", "--allow-empty", "-m", "without it")
    git(town, "checkout", "-q", "main")  # what another branch has is not this branch's fault
    clean = shipway(town, "run", "security", "--baseline", "main")
    assert clean.returncode == 0, clean.stdout
