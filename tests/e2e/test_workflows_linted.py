"""Workflows of differently built repositories, before the tools that know GitHub's rules."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.checks.real_tools import UV
from tests.cli.in_process import environment, shipway
from tests.github.workflow_samples import SAMPLES, repository

from shipway.checks import tools
from shipway.pipeline.check import Tool

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
EVERYTHING = {"run", "deploy", "monitor", "cost", "clean"}


def asked(tool: Tool, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the real tool says of a repository."""
    source = f"{tool.package}=={tool.version}"
    given = {name: value for name, value in environment(folder).items() if "TOKEN" not in name}
    return subprocess.run(
        [UV, "tool", "run", "-q", "--from", source, tool.program, *words],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def found(folder: Path) -> dict[str, str]:
    """What schema, actionlint and zizmor's strictest persona find fault with, by tool."""
    names = sorted(str(path.relative_to(folder)) for path in folder.glob(".github/workflows/*.yml"))
    assert len(names) >= 2
    said = {
        "schema": asked(
            tools.CHECK_JSONSCHEMA, folder, "--builtin-schema", "vendor.github-workflows", *names
        ),
        "actionlint": asked(tools.ACTIONLINT, folder, "-shellcheck=", "-pyflakes=", *names),
        "zizmor": asked(
            tools.ZIZMOR,
            folder,
            "--offline",
            "--persona",
            "auditor",
            "--strict-collection",
            "--format",
            "json",
            "--no-progress",
            *names,
        ),
    }
    faults = {name: one.stdout + one.stderr for name, one in said.items() if one.returncode}
    assert json.loads(said["zizmor"].stdout) == [], said["zizmor"].stdout
    return faults


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_no_tool_finds_fault_with_them(name: str, tmp_path: Path) -> None:
    project = repository(name, tmp_path)
    done = shipway(project, "workflows", "write")
    assert done.returncode == 0, done.stderr
    assert found(tmp_path) == {}


def test_nor_where_shipway_has_every_command(tmp_path: Path) -> None:
    from tests.github.town import CONFIG

    from shipway.github.workflows import generate_workflows

    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    for name, text in generate_workflows(CONFIG, "apps/town", EVERYTHING).files.items():
        path = tmp_path / ".github" / "workflows" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert found(tmp_path) == {}


def test_nor_with_those_of_this_repository_which_are_as_they_should_be(tmp_path: Path) -> None:
    assert found(ROOT) == {}
    done = shipway(ROOT, "-C", "mycandidate", "workflows", "check")
    assert done.returncode == 0, done.stdout


def test_the_tools_would_find_what_is_wrong(tmp_path: Path) -> None:
    project = repository("nothing on ecs", tmp_path)
    shipway(project, "workflows", "write")
    path = tmp_path / ".github" / "workflows" / "security.yml"
    text = path.read_text().replace("persist-credentials: false", "persist-credentials: true")
    path.write_text(text.replace("timeout-minutes: 30", "timeout-minutes: ${{ github.nothing }}"))
    with pytest.raises(AssertionError, match="artipacked"):
        found(tmp_path)
