from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.in_process import shipway

from shipway.checks.registry import CHECKS
from shipway.cli.schema import settings_schema

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(json.dumps(settings_schema()))


@cache
def validator() -> Draft202012Validator:
    """Imported late: it compiles grammars of URIs for 2 s, in every worker that collects tests."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(SCHEMA)


def faults(settings: dict[str, Any]) -> list[str]:
    plain = json.loads(json.dumps(settings, default=str))  # dates are text there
    return [error.message for error in validator().iter_errors(plain)]


def test_it_is_a_schema() -> None:
    validator().check_schema(SCHEMA)


@pytest.mark.parametrize("file", ["shipway.toml", "mycandidate/shipway.toml"])
def test_it_takes_the_settings_that_are_there(file: str) -> None:
    assert faults(tomllib.loads((ROOT / file).read_text())) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"application": {"nmae": "x"}},
        {"aplication": {}},
        {"checks": {"rufff": False}},
        {"gates": {"coverage": 120}},
        {"environments": {"local": {"strategy": "all at once"}}},
    ],
)
def test_it_refuses_what_shipway_refuses(settings: dict[str, Any]) -> None:
    assert len(faults(settings)) == 1


@given(st.dictionaries(st.sampled_from([check.name for check in CHECKS]), st.booleans()))
def test_it_knows_every_check(checks: dict[str, bool]) -> None:
    assert faults({"checks": checks}) == []


def test_the_short_form_of_a_service_is_taken() -> None:
    assert faults({"services": {"postgres": "15"}}) == []


def test_the_command_prints_it(tmp_path: Path) -> None:
    assert json.loads(shipway(tmp_path, "schema").stdout) == SCHEMA
