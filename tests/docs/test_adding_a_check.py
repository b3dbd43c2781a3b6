"""The example in docs/adding-a-check.md is a check that works."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from tests.checks import real_tools

from shipway.config.schema import Application, Config
from shipway.errors import CannotRun
from shipway.findings.finding import Severity
from shipway.pipeline.check import Check, CheckContext, ToolOutput

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-check.md").read_text(encoding="utf-8")
CONFIG = Config(application=Application(packages=("town",)))
SITE = CheckContext("/app", "/app/out")
FILE = "town/pay.py\n"
FAULT = "town/pay.py:4: DOC201: Function `pay` does not have a return section in docstring\n"


@pytest.fixture
def pydoclint(tmp_path: Path) -> Check:
    """The page's file, with the page's line of tools.py in its place."""
    source = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    pinned = re.search(r"^PYDOCLINT = (Tool\(.+\))$", PAGE, re.MULTILINE)
    assert source and pinned
    file = tmp_path / "pydoclint.py"
    pinned_here = source[1].replace("tools.PYDOCLINT", f"tools.{pinned[1]}")
    file.write_text(pinned_here, encoding="utf-8")
    check: Check = runpy.run_path(str(file))["PYDOCLINT"]
    return check


def said(code: int, text: str) -> ToolOutput:
    return ToolOutput(code, "", f"Skipping files that match this pattern: \\.git|\\.tox\n{text}")


def test_it_is_pinned_and_names_each_file(pydoclint: Check) -> None:
    assert (pydoclint.name, pydoclint.tool.package) == ("pydoclint", "pydoclint")
    assert pydoclint.stage == "quality"
    assert pydoclint.tool.version
    assert pydoclint.argv(CONFIG, SITE)[-2:] == ("true", "town")


def test_it_finds(pydoclint: Check) -> None:
    (finding,) = pydoclint.read(said(1, f"{FILE}\n{FAULT}"), CONFIG, SITE).findings
    assert (finding.rule, finding.severity) == ("DOC201", Severity.LOW)
    assert finding.place == "town/pay.py:4"
    assert finding.link.endswith("#doc201")
    assert pydoclint.read(said(0, FILE), CONFIG, SITE).findings == ()


@pytest.mark.parametrize(
    "output",
    [
        said(0, ""),
        said(0, FILE + FAULT),
        said(1, FILE),
        said(2, FILE + FAULT),
        said(-9, FILE),
        ToolOutput(0, "rubbish", ""),
        ToolOutput(0, "", "rubbish"),
        ToolOutput(2, "", ""),
    ],
)
def test_what_is_not_understood_is_no_pass(pydoclint: Check, output: ToolOutput) -> None:
    with pytest.raises(CannotRun):
        pydoclint.read(output, CONFIG, SITE)


@pytest.mark.e2e
def test_the_real_tool_speaks_as_the_page_says(pydoclint: Check, tmp_path: Path) -> None:
    context = CheckContext(str(tmp_path), str(tmp_path / "out"))
    (tmp_path / "town").mkdir()
    for described, rules in (("amount", set()), ("sum", {"DOC103"})):
        (tmp_path / "town" / "pay.py").write_text(
            f'def pay(amount: int):\n    """Pay.\n\n    Parameters\n    ----------\n'
            f'    {described} : int\n        How much.\n    """\n'
        )
        reading = pydoclint.read(real_tools.run(pydoclint, CONFIG, context), CONFIG, context)
        assert {one.rule for one in reading.findings} == rules


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:src|tests)/[\w./]+\.py)`", PAGE))))
def test_the_files_that_it_names_are_there(path: str) -> None:
    assert (ROOT / path).is_file() or "pydoclint" in path
