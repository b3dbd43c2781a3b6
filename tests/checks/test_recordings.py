from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shipway.errors import CannotRun
from shipway.pipeline.check import CheckResult, ToolOutput

from . import real_tools, tiny_application
from .recordings import CASES, FOLDER, SITE, check_named, load, path, perform

PERFORMED = [
    ("ruff", "own-settings"),
    ("ruff", "syntax"),
    ("ruff-format", "syntax"),
    ("flake8", "own-settings"),
    ("flake8", "nothing"),
    ("black", "syntax"),
    ("black", "own-settings"),
    ("mypy", "bad"),
    ("unit", "bad"),
    ("unit", "unimportable"),
    ("unit", "broken-conftest"),
    ("unit", "killed"),
    ("unit", "django-broken-migration"),
    ("coverage", "bad"),
    ("performance", "bad"),
    ("pip-audit", "nothing"),
    ("licences", "clean"),
    ("sbom", "clean"),
    ("sbom", "nothing"),
    ("bandit", "bad"),
    ("semgrep", "syntax"),
    ("hadolint", "own-settings"),
    ("zizmor", "bad"),
    ("zizmor", "nothing"),
    ("workflow-schema", "bad"),
    ("cfn-lint", "bad"),
    ("cfn-lint", "forgiving"),
    ("checkov", "bad"),
]


def test_every_case_is_recorded_with_the_version_in_use_and_no_other() -> None:
    states = FOLDER / "state"  # of Shipway itself
    recorded = {
        file
        for file in FOLDER.rglob("*.json")
        if not file.name.startswith("published-") and states not in file.parents
    }
    assert recorded == {path(name, case) for name, case in CASES}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield real_tools.application_environment(
        str(tmp_path_factory.mktemp("application") / "environment")
    )


@pytest.mark.e2e
@pytest.mark.parametrize(("name", "case"), PERFORMED, ids=map("-".join, PERFORMED))
def test_the_real_tool_still_says_what_was_recorded(
    name: str, case: str, python: str, tmp_path: Path
) -> None:
    said = perform(name, case, str(tmp_path), python)
    assert meaning(name, said) == meaning(name, load(name, case))


@pytest.mark.e2e
def test_a_check_leaves_the_files_as_they_are(python: str, tmp_path: Path) -> None:
    perform("ruff", "own-settings", str(tmp_path), python)
    files = CASES["ruff", "own-settings"]
    assert {name: (tmp_path / name).read_text() for name in files} == files


def meaning(name: str, output: ToolOutput) -> CheckResult | str:
    """All but what a clock measured."""
    try:
        reading = check_named(name).read(output, tiny_application.CONFIG, SITE)
    except CannotRun as problem:
        return problem.message
    timed = name == "performance"
    measures = [
        replace(one, value=0) if timed and one.name != "error-rate" else one
        for one in reading.measures
    ]
    return replace(reading, measures=tuple(measures))
