"""A secret that gitleaks finds is in nothing that Shipway shows or keeps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.checks import projects_with_secrets
from tests.cli.in_process import git, only, project, shipway
from tests.cli.state_files import kept

SCANNERS = ("gitleaks", "gitleaks-history")
CONFIGURATION = '[application]\npackages = ["town"]\n' + only(*SCANNERS)


@pytest.mark.e2e
def test_a_found_secret_is_neither_shown_nor_kept(tmp_path: Path) -> None:
    files = {
        path: text
        for path, text in projects_with_secrets.GITLEAKS["bad"].items()
        if not path.startswith((".shipway", ".venv"))
    }
    web = project(tmp_path / "web", CONFIGURATION, files)
    git(web, "init", "-q")
    git(web, "add", "--all")
    git(web, "commit", "-q", "-m", "all")
    for words in (("run",), ("run", "--json")):
        done = shipway(web, *words)
        assert done.returncode == 1, done.stderr
        shown = {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
        texts = {**shown, **kept(web)}
        for name, text in texts.items():
            assert not [one for one in projects_with_secrets.ALL if one[6:14].encode() in text], (
                name
            )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    found = {one["step"]: one["findings"] for one in events if one["event"] == "step_finished"}
    for name in SCANNERS:
        assert len(found[name]) == 4
    assert {one["kind"] for one in found["findings"]} == {"secret"}
    assert "infra/a key.pem" in {one["path"] for one in found["findings"]}


@pytest.mark.e2e
def test_without_history_that_is_said_and_the_files_are_looked_at_all_the_same(
    tmp_path: Path,
) -> None:
    web = project(tmp_path / "web", CONFIGURATION, dict(projects_with_secrets.GITLEAKS["clean"]))
    done = shipway(web, "run", "--json")
    outcomes = {
        one["step"]: one["outcome"]
        for one in map(json.loads, done.stdout.splitlines())
        if "outcome" in one
    }
    assert (outcomes["gitleaks"], outcomes["gitleaks-history"]) == ("passed", "unavailable")
    assert "there is no git repository here" in done.stdout


@pytest.mark.e2e
def test_a_baseline_made_on_one_machine_knows_the_secret_on_another(tmp_path: Path) -> None:
    token = projects_with_secrets.GITHUB
    web = project(tmp_path / "web", CONFIGURATION, {"town/a.py": f'TOKEN = "{token}"\n'})
    git(web, "init", "-q")
    git(web, "add", "--all")
    git(web, "commit", "-q", "-m", "all")
    assert shipway(web, "run").returncode == 1
    home = tmp_path / "home"
    home.mkdir()
    uv = os.path.join(os.path.dirname(sys.executable), "uv")
    cache = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True)
    other = {"HOME": str(home), "UV_CACHE_DIR": cache.stdout.strip()}
    git(tmp_path, "clone", "-q", str(web), "clone")
    baseline = str(web / ".shipway" / "findings.sarif")
    clone = tmp_path / "clone"
    passed = shipway(clone, "run", "--baseline", baseline, **other)
    assert passed.returncode == 0, passed.stdout
    assert "known" in passed.stdout
    (clone / "town" / "a.py").write_text(f'TOKEN = "{projects_with_secrets.OLD}"\n')
    failed = shipway(clone, "run", "--baseline", baseline, **other)
    assert failed.returncode == 1, failed.stdout
    assert not (home / ".config").exists()
