"""A secret that gitleaks finds is in nothing that Shipway shows or keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.checks import secretive
from tests.cli.terminal import git, only, project, shipway
from tests.cli.test_redaction import kept

SCANNERS = ("gitleaks", "gitleaks-history")
CONFIGURATION = '[application]\npackages = ["town"]\n' + only(*SCANNERS)


@pytest.mark.e2e
def test_a_found_secret_is_neither_shown_nor_kept(tmp_path: Path) -> None:
    files = {path: text for path, text in secretive.GITLEAKS["bad"].items()
             if not path.startswith((".shipway", ".venv"))}  # fmt: skip
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
            assert not [one for one in secretive.ALL if one[6:14].encode() in text], name
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
    web = project(tmp_path / "web", CONFIGURATION, dict(secretive.GITLEAKS["clean"]))
    done = shipway(web, "run", "--json")
    outcomes = {one["step"]: one["outcome"] for one in map(json.loads, done.stdout.splitlines())
                if "outcome" in one}  # fmt: skip
    assert (outcomes["gitleaks"], outcomes["gitleaks-history"]) == ("passed", "unavailable")
    assert "there is no git repository here" in done.stdout
