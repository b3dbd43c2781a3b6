"""What gitleaks finds is in nothing that a run with other tools shows or writes."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

import pytest
from tests.checks.projects_with_secrets import GITHUB, OLD, PASSWORD
from tests.cli.in_process import git, only, project, shipway, step

SETTINGS = '[application]\npackages = ["town"]\n' + only("gitleaks", "gitleaks-history", "bandit")
LEAKING = {
    "town/__init__.py": "",
    # bandit quotes each of them, and starts before gitleaks has ended.
    "town/client.py": f'TOKEN = "{GITHUB}"\n\n\ndef ask(password="{PASSWORD}"):\n'
    f'    return password == "{PASSWORD}"\n',
    "prints.py": "import base64, pathlib\n"
    "text = pathlib.Path('town/client.py').read_text()\nprint(text)\n"
    "print(base64.b64encode(text.split(chr(34))[1].encode()).decode())\nraise SystemExit(1)\n",
}
STEP = step("tells", "python3 prints.py", "inputs = []")
SECRETS = (GITHUB, PASSWORD, OLD, b64encode(GITHUB.encode()).decode().rstrip("="))


def leaking(folder: Path) -> Path:
    """A repository whose last commit leaks a token and a password, and an earlier one another."""
    web = project(folder, SETTINGS + STEP, {**LEAKING, "town/old.py": f'KEY = "{OLD}"\n'})
    git(web, "init", "-q")
    git(web, "add", "--all")
    git(web, "commit", "-q", "-m", "all")
    (web / "town" / "old.py").write_text("")
    git(web, "commit", "-q", "--all", "-m", "took it out")
    return web


def written(web: Path) -> dict[str, bytes]:
    """Every file of the state folder."""
    return {
        str(path.relative_to(web)): path.read_bytes()
        for path in (web / ".shipway").rglob("*")
        if path.is_file()
    }


def assert_absent(texts: dict[str, bytes]) -> None:
    for name, text in texts.items():
        assert not [secret for secret in SECRETS if secret.encode() in text], name


@pytest.mark.e2e
@pytest.mark.parametrize("words", [(), ("--json",), ("--jobs", "1")])
def test_a_token_that_gitleaks_finds_is_in_nothing_that_any_tool_made_a_run_write(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    web = leaking(tmp_path / "web")
    summary = tmp_path / "summary.md"
    actions = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "town/web",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    for _ in range(2):
        done = shipway(web, "run", *words, **actions)
        assert done.returncode == 1, done.stderr
        shown = {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}
        assert_absent({**shown, **written(web)})
        assert "[redacted]" in done.stdout
    assert summary.exists() == ("--json" not in words)  # with --json nothing is published
    assert_absent({"summary": summary.read_bytes() if summary.exists() else b""})
    reported = shipway(web, "report", "--json")
    assert reported.returncode == 0
    steps = {step["step"]: step for step in json.loads(reported.stdout)["steps"]}
    assert {finding["rule"] for finding in steps["bandit"]["findings"]} >= {"B105", "B107"}
    assert_absent({"stdout": reported.stdout.encode(), **written(web)})


@pytest.mark.e2e
def test_what_a_step_had_printed_before_anybody_looked_for_secrets_is_not_shown_afterwards(
    tmp_path: Path,
) -> None:
    web = leaking(tmp_path / "web")
    assert shipway(web, "run", "bandit").returncode == 0
    assert shipway(web, "run", "bandit", "gitleaks", "--json").returncode == 0
    done = shipway(web, "run", "bandit", "gitleaks", "--json")
    reported = shipway(web, "report", "--json")
    assert_absent(
        {
            "run": done.stdout.encode(),
            "report": reported.stdout.encode(),
            "page": (web / ".shipway" / "report.html").read_bytes(),
        }
    )
