"""The example in docs/adding-a-check.md is a check that works."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from shipway.core.check import Check, Output, Site
from shipway.core.config import Application, Config
from shipway.core.errors import CannotRun
from shipway.core.finding import Severity

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-check.md").read_text(encoding="utf-8")
CONFIG = Config(Application(packages=("town",)))
SITE = Site("/app", "/app/out")
RESULT = {
    "test_id": "B602", "issue_severity": "HIGH", "filename": "town/bad.py", "line_number": 2,
    "issue_text": "subprocess call with shell=True identified, security issue.",
}  # fmt: skip


@pytest.fixture
def bandit(tmp_path: Path) -> Check:
    """The page's file, with the page's line of tools.py in its place."""
    source = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    pinned = re.search(r"^BANDIT = (Tool\(.+\))$", PAGE, re.MULTILINE)
    assert source and pinned
    file = tmp_path / "bandit.py"
    pinned_here = source[1].replace("tools.BANDIT", f"tools.{pinned[1]}")
    file.write_text(pinned_here, encoding="utf-8")
    check: Check = runpy.run_path(str(file))["BANDIT"]
    return check


def said(code: int, *results: object, **other: Any) -> Output:
    report = {"results": results, "errors": [], "metrics": {"_totals": {}, "town/bad.py": {}}}
    return Output(code, json.dumps({**report, **other}), "")


def test_it_is_pinned_and_asks_for_json(bandit: Check) -> None:
    assert (bandit.name, bandit.stage, bandit.tool.package) == ("bandit", "security", "bandit")
    assert bandit.tool.version
    assert bandit.argv(CONFIG, SITE) == ("--quiet", "--recursive", "--format", "json", "town")


def test_it_finds(bandit: Check) -> None:
    (finding,) = bandit.read(said(1, RESULT), CONFIG, SITE).findings
    assert (finding.rule, finding.severity) == ("B602", Severity.HIGH)
    assert finding.place == "town/bad.py:2"
    assert bandit.read(said(0), CONFIG, SITE).findings == ()


@pytest.mark.parametrize(
    "output",
    [said(0, metrics={"_totals": {}}), said(0, RESULT), said(1), said(0, errors=["town/x.py"]),
     Output(0, "rubbish", ""), Output(0, "[]", ""), Output(2, "", "")],
)  # fmt: skip
def test_what_is_not_understood_is_no_pass(bandit: Check, output: Output) -> None:
    with pytest.raises(CannotRun):
        bandit.read(output, CONFIG, SITE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:src|tests)/[\w./]+\.py)`", PAGE))))
def test_the_files_that_it_names_are_there(path: str) -> None:
    assert (ROOT / path).is_file() or "bandit" in path
