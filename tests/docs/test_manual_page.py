"""docs/shipway.1 is what the code says, and a manual page to those who read such pages."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from tests.patience import PATIENCE

from shipway.cli.commands import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "shipway.1"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_manual", DOCS / "make_manual.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def printed(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_is_as_the_code_makes_it(maker: ModuleType) -> None:
    written = PAGE.read_text(encoding="utf-8")
    made = maker.manual(maker.page_date(written))
    assert made == written, "docs/shipway.1 is stale: run python docs/make_manual.py"


def test_every_command_has_a_heading() -> None:
    headings = re.findall(r"^\.SS shipway (\S+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name.replace("\\", "") for name in headings} == set(COMMANDS)


def test_no_line_begins_as_a_request_that_it_is_not(maker: ModuleType) -> None:
    requests = {"TH", "SH", "SS", "PP", "TP", "B", "I"}
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert {line[1:].split(" ")[0] for line in lines if line.startswith(".")} <= requests
    assert not [line for line in lines if line.startswith("'")]
    assert maker._wrapped(f"{'x' * 77} .SH") == ["x" * 77, r"\&.SH"]


@pytest.mark.needs("lexgrog")
def test_whatis_finds_its_name() -> None:
    assert '"shipway - takes a Python web application' in printed("lexgrog", str(PAGE))


@pytest.mark.needs("mandoc")
def test_mandoc_finds_nothing_wrong() -> None:
    assert printed("mandoc", "-T", "lint", str(PAGE)) == ""
