"""docs/cost.md says what the command says, and names levers and prices that there are."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

from shipway.config.schema import Environment
from shipway.config.validation import validate
from shipway.cost.estimate import make_estimator
from shipway.cost.prices import OLD, UNITS
from shipway.cost.statement import cost_lines, cost_statement

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)


def test_the_estimate_of_mycandidate_is_what_the_command_prints() -> None:
    """But for how old the prices are by now, and what this machine's runs took."""
    text = (ROOT / "mycandidate" / "shipway.toml").read_text(encoding="utf-8")
    found = make_estimator(validate({"application": {}, **tomllib.loads(text)}, "shipway.toml"))
    made = [
        one
        for one in cost_lines(cost_statement(found, "", "", date(2026, 11, 25)))
        if not one.startswith("careful:")
    ]
    (written,) = [block for kind, block in BLOCKS if not kind]
    shown = [
        one for one in written.splitlines() if not one.startswith(("careful:", "CI,", "  how"))
    ]
    assert [one for one in shown if one] == [one for one in made if one]


def test_the_settings_of_the_page_are_settings() -> None:
    (written,) = [block for kind, block in BLOCKS if kind == "toml"]
    config = validate(tomllib.loads(written), "docs/cost.md")
    assert config.cost.prices["nat"].usd == 0.048
    assert config.cost.limits == {"staging": 80}
    assert set(config.cost.prices) <= set(UNITS)
    assert f"older than {OLD} days" in PAGE


def test_every_lever_of_the_page_is_one() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE.split("## Levers")[1].split("## CI")[0], re.MULTILINE)
    named = re.findall(r"`(infrastructure|ecs|monitoring)\.(\w+)", " ".join(rows))
    assert len(named) >= 9
    for table, key in named:
        assert hasattr(getattr(Environment(), table), key), key
