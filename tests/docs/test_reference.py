"""docs/reference.md is what the code says."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType

import pytest

from shipway.config.schema import Config, Environment
from shipway.config.tables import Notify

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_as_the_code_makes_it(maker: ModuleType) -> None:
    made, written = maker.reference(), (DOCS / "reference.md").read_text(encoding="utf-8")
    assert made == written, "docs/reference.md is stale: run python docs/make_reference.py"


def test_every_setting_of_every_table_has_a_row(maker: ModuleType) -> None:
    page = maker.reference()
    for kind in (Config, Environment, Notify):
        for one in fields(kind):
            table = re.search(rf"^### `\[+(\w+\.NAME\.|\w+\.)?{one.name}(\.NAME)?\]+`$", page, re.M)
            row = re.search(rf"^\| `{one.name}` \|", page, re.M)
            assert table or row, one.name


def test_a_row_has_type_default_and_meaning(maker: ModuleType) -> None:
    page = maker.reference()
    assert (
        "| `port` | whole number, ≥ 0, ≤ 65535 | `8080` |" in page
        and "| `batch` | whole number, > 0, ≤ 32 | `1` | instances that rolling starts together |"
        in page
    )
    assert '| `platform` | `"local"`, `"ecs"` | `"local"` |' in page
    assert "| `timeout` | number, > 0, ≤ 300 | `30.0` | seconds that telling may take" in page


def test_every_command_with_its_options_and_every_exit_code_is_there(maker: ModuleType) -> None:
    page = maker.reference()
    for words in ("### `shipway run`", "### `shipway findings import`", "`--jobs NUMBER`"):
        assert words in page
    codes = re.findall(r"^\| `(\d+)` \|", page, re.M)
    assert codes == ["0", "1", "2", "3", "4", "5", "6", "130"]


def test_the_maker_looks_into_every_dataclass_below(maker: ModuleType) -> None:
    assert is_dataclass(Config)
    assert "### `[environments.NAME.judge]`" in maker.reference()
    assert "### `[[waivers]]`" in maker.reference()
