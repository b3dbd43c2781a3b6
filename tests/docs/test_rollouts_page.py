"""docs/rollouts.md, the settings and the state machine say the same."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from shipway.config.schema import Environment, Pause
from shipway.config.validation import validate
from shipway.rollouts.local.envoy import RELEASE_HEADER
from shipway.rollouts.state_machine import Stage
from shipway.rollouts.strategy import Strategy

PAGE = (Path(__file__).parents[2] / "docs" / "rollouts.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| .*\|$", PAGE, re.MULTILINE))


# Settings that pages of their own explain.
ELSEWHERE = ("ecs", "infrastructure", "monitoring")
SETTINGS = [one for one in fields(Environment) if one.name not in ELSEWHERE]


def default(one: Field[Any]) -> Any:
    return one.default if one.default is not MISSING else one.default_factory()  # type: ignore[misc]


def test_every_setting_has_a_row_in_the_order_of_the_configuration() -> None:
    assert list(ROWS) == [one.name for one in SETTINGS]


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.name)
def test_its_default_is_as_written(one: Field[Any]) -> None:
    written = ROWS[one.name]
    expected = "" if one.name == "judge" else f"`{json.dumps(default(one))}`"
    assert written == expected


def test_every_strategy_and_every_stage_is_named() -> None:
    assert set(re.findall(r"^\| ([a-z-]+) \|", PAGE, re.MULTILINE)) >= set(Strategy)
    assert {stage for stage in Stage if f"`{stage}`" not in PAGE} == set()


def test_a_pause_is_as_written_and_the_header_has_its_name() -> None:
    pause = Pause()
    assert f'timeout = {pause.timeout:g}, on_timeout = "{pause.on_timeout}"' in PAGE
    assert f"header `{RELEASE_HEADER}`" in PAGE


def test_the_settings_that_it_shows_are_valid() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    here = validate(tomllib.loads(shown), "docs/rollouts.md").environments["local"]
    assert here.strategy == "canary" and set(here.pauses) == {"POST_TEST_TRAFFIC_SHIFT"}
