"""What a run leaves for people and programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.in_process import shipway


@pytest.fixture
def town(tmp_path: Path) -> Path:
    folder = tmp_path / "repository" / "town"
    (folder / "town").mkdir(parents=True)
    (folder / "town" / "__init__.py").write_text("import os\n")
    (folder / "shipway.toml").write_text(
        '[application]\nname = "town"\n[checks]\n'
        + "".join(
            f"{name} = false\n"
            for name in (
                "bandit",
                "semgrep",
                "gitleaks",
                "mypy",
                "gitleaks-history",
                "black",
                "flake8",
            )
        )
    )
    return folder


def test_every_form_tells_of_the_same_finding(town: Path) -> None:
    github = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(town.parent)}
    done = shipway(town, "run", "quality", **github)
    assert done.returncode == 1, done.stderr
    found = (line for line in done.stdout.splitlines() if line.startswith("::"))
    annotation = next(line for line in found if not line.startswith(("::group", "::endgroup")))
    assert "file=town/town/__init__.py,line=1" in annotation
    state = town / ".shipway"
    assert "F401" in (state / "summary.md").read_text()
    assert "F401" in json.dumps(json.loads((state / "findings.sarif").read_text()))
    page = (state / "report.html").read_text()
    assert "F401" in page
    assert "import os" in page  # the line of code itself
