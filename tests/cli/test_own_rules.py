"""A change that loosens its own gates, as the person who reviews it is told."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from tests.cli.in_process import git, shipway

SETTINGS = """\
[application]
name = "town"
unit_tests = "tests"
lock = "requirements.txt"
[checks]
semgrep = false
gitleaks = false
gitleaks-history = false
[gates.findings]
tools = { bandit = 2 }
[steps.licence]
run = "grep -q MIT LICENSE"
"""
FILES = {
    "town/__init__.py": "import subprocess\n",
    "tests/test_town.py": "def test_one():\n    assert 1\n\n\ndef test_two():\n    assert 2\n",
    "LICENSE": "MIT\n",
    "requirements.txt": "pytest\ncoverage\n",
    "pyproject.toml": "[tool.coverage.run]\nbranch = true\n",
    ".gitignore": "build\n",
    "shipway.toml": SETTINGS,
}
LOOSENED = {
    "a check is switched off": ("shipway.toml", "false\ngitl", "false\nbandit = false\ngitl"),
    "a limit is higher": ("shipway.toml", "bandit = 2", "bandit = 3"),
    "a limit is gone": ("shipway.toml", "tools = { bandit = 2 }", "low = 9"),
    "coverage is lower": (
        "shipway.toml",
        "[gates.findings]",
        "[gates]\ncoverage = 1\n[gates.findings]",
    ),
    "a step does less": ("shipway.toml", "grep -q MIT LICENSE", "true"),
    "a step is gone": ("shipway.toml", '[steps.licence]\nrun = "grep -q MIT LICENSE"\n', ""),
    "a waiver": (
        "shipway.toml",
        "[steps",
        '[[waivers]]\nrule = "B608"\nreason = "x"\nowner = "ann"\nexpires = 2030-01-01\n[steps',
    ),
    "a test is gone": ("tests/test_town.py", "def test_two", "def two"),
    "a test is skipped": (
        "tests/test_town.py",
        "def test_two",
        "@pytest.mark.skip\ndef test_two",
    ),
    "noqa": ("town/__init__.py", "subprocess", "subprocess  # noqa: F401"),
    "nosec": ("town/__init__.py", "subprocess", "subprocess  # nosec"),
    "no cover": ("town/__init__.py", "subprocess", "subprocess  # pragma: no cover"),
    "a coverage exclusion": ("pyproject.toml", "branch = true", 'omit = ["town/*"]'),
    "an ignored path": (".gitignore", "build\n", "build\ntown/secret.py\n"),
    "a baseline": ("shipway.toml", "[steps", '[security]\nbaseline = "known.sarif"\n[steps'),
}
TOLD = {
    "a check is switched off": "the check bandit does not run any more",
    "a limit is higher": "gates.findings.tools.bandit is looser: 2 → 3",
    "a limit is gone": "gates.findings.tools.bandit is looser: 2 → none",
    "coverage is lower": "the limit for coverage is looser: at least 80 → 1",
    "a step does less": "the step licence has another run",
    "a step is gone": "the step licence does not run any more",
    "a waiver": "B608 is waived in ** until 2030-01-01, by ann",
    "a test is gone": "tests are gone (1): test_two",
    "a test is skipped": "tests are left out (1): tests/test_town.py:5 (@pytest.mark.skip)",
    "noqa": "a tool is silenced (1): town/__init__.py:1",
    "nosec": "a tool is silenced (1): town/__init__.py:1",
    "no cover": "a tool is silenced (1): town/__init__.py:1",
    "a coverage exclusion": "pyproject.toml: the settings of coverage changed",
    "an ignored path": ".gitignore ignores more: town/secret.py",
    "a baseline": "the baseline known.sarif lets 1 more findings pass",
}
KNOWN = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {"driver": {"name": "bandit", "rules": []}},
            "results": [{"ruleId": "B1", "message": {"text": "x"}, "locations": []}],
        }
    ],
}


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", message)


def town_with(folder: Path, settings: str = SETTINGS) -> Path:
    for name, text in {**FILES, "shipway.toml": settings}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "first")
    git(folder, "checkout", "-qb", "feature")
    return folder


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return town_with(tmp_path / "town")


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    (folder / "known.sarif").write_text(json.dumps(KNOWN))
    commit(folder, "a change")


@pytest.mark.parametrize("how", LOOSENED)
def test_what_is_loosened_is_told_above_all_else(town: Path, how: str) -> None:
    edit(town, *LOOSENED[how])
    told = shipway(town, "run", "own-rules", "--base", "main")
    assert told.returncode == 0, told.stdout + told.stderr
    assert "1 rule is looser than in main" in told.stdout
    assert TOLD[how] in told.stdout
    summary = (town / ".shipway" / "summary.md").read_text().splitlines()
    heading = "### This change loosens its own gates, compared with <code>main</code>"
    assert summary.index(heading) < 6
    assert plain(TOLD[how]) in plain(summary[summary.index(heading) + 1])


def plain(text: str) -> str:
    """Without what Markdown adds."""
    return re.sub(r"[\\_*\u200b]", "", unescape(text))


def test_a_change_that_loosens_nothing_passes_and_so_does_one_that_tightens(town: Path) -> None:
    edit(town, "shipway.toml", "bandit = 2", "bandit = 1")
    (town / "tests" / "test_moved.py").write_text((town / "tests" / "test_town.py").read_text())
    (town / "tests" / "test_town.py").unlink()
    commit(town, "a test moved")
    done = shipway(town, "run", "own-rules", "--base", "main")
    assert done.returncode == 0
    assert "looser" not in done.stdout


def test_under_review_a_loosened_rule_fails_also_where_the_change_takes_the_review_away(
    tmp_path: Path,
) -> None:
    reviewed = SETTINGS.replace(
        "[gates.findings]", '[gates]\nown_rules = "review"\n[gates.findings]'
    )
    town = town_with(tmp_path / "town", reviewed)
    assert shipway(town, "run", "own-rules", "--base", "main").returncode == 0
    edit(town, "shipway.toml", 'own_rules = "review"', 'own_rules = "report"')
    done = shipway(town, "run", "own-rules", "--base", "main")
    assert done.returncode == 1, done.stdout
    assert "gates.own_rules is looser: review → report" in done.stdout
    in_github = shipway(town, "run", "own-rules", GITHUB_BASE_REF="main")
    assert in_github.returncode == 1


def test_the_rules_of_the_base_count_where_it_says_so(tmp_path: Path) -> None:
    ruled = SETTINGS.replace("[gates.findings]", '[gates]\nown_rules = "base"\n[gates.findings]')
    town = town_with(tmp_path / "town", ruled)
    edit(town, "shipway.toml", "grep -q MIT LICENSE", "true")
    (town / "LICENSE").write_text("none\n")
    commit(town, "no licence")
    assert shipway(town, "run", "licence").returncode == 0
    done = shipway(town, "run", "licence", "own-rules", GITHUB_BASE_REF="main")
    assert done.returncode == 1, done.stdout
    assert "the rules of main count, not those of this change" in done.stderr
    assert "the step licence has another run" in done.stdout


def test_without_the_base_a_pull_request_is_not_known_to_be_good(town: Path) -> None:
    named = shipway(town, "run", "own-rules", "--base", "nowhere")
    assert named.returncode == 2
    assert "no commit that nowhere and HEAD both have is here" in named.stderr
    shallow = shipway(town, "run", "own-rules", GITHUB_BASE_REF="nowhere", CI="true")
    assert shallow.returncode == 5, shallow.stdout


def test_what_the_base_got_since_is_none_of_the_changes_doing(town: Path) -> None:
    git(town, "checkout", "-q", "main")
    edit(town, "shipway.toml", "bandit = 2", "bandit = 1")
    git(town, "checkout", "-q", "feature")
    done = shipway(town, "run", "own-rules", "--base", "main")
    assert "looser" not in done.stdout
