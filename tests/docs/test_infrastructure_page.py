"""docs/infrastructure.md and docs/recovery.md, the settings and the templates say the same."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest
from tests.docs.infrastructure_diagram import BLOCK, diagram
from tests.infrastructure.change_set_rows import detail, page, row
from tests.infrastructure.levers import HERE
from tests.infrastructure.render import parse

from shipway.aws.names import TEST_HEADER, subject_claim
from shipway.config.aws import Database, Infrastructure, Schedule
from shipway.config.validation import validate
from shipway.infrastructure.change import plan_lines, read_changes
from shipway.infrastructure.parameters import (
    RunningService,
    account_parameters,
    environment_parameters,
)
from shipway.infrastructure.template import load_template

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "infrastructure.md").read_text(encoding="utf-8")
RECOVERY = (DOCS / "recovery.md").read_text(encoding="utf-8")
LEVERS = dict(
    re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| .*\|$", PAGE.split("## What there is")[0], re.MULTILINE)
)
TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)


def default(one: Field[Any]) -> Any:
    return one.default if one.default is not MISSING else one.default_factory()  # type: ignore[misc]


@pytest.mark.parametrize("one", fields(Infrastructure), ids=lambda one: one.name)
def test_every_lever_is_there_with_its_default(one: Field[Any]) -> None:
    plain = one.name not in ("schedule", "database")
    assert LEVERS[one.name] == (f"`{json.dumps(default(one))}`" if plain else "")
    assert set(LEVERS) == {each.name for each in fields(Infrastructure)}


@pytest.mark.parametrize(("name", "kind"), [("schedule", Schedule), ("database", Database)])
def test_a_table_of_levers_names_its_keys(name: str, kind: Any) -> None:
    (written,) = re.findall(rf"^\| `{name}` \| \| (.*?)\|$", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", written) == [one.name for one in fields(kind)]


def test_every_resource_is_explained_and_no_other() -> None:
    part = PAGE.split("## What there is")[1].split("Drawn from")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", part, re.MULTILINE)
    named = [name for line in rows for name in re.findall(r"`(\w+)`", line)]
    there = [
        name
        for kind in ("bootstrap", "account", "environment")
        for name in parse(load_template(kind))["Resources"]
    ]
    assert sorted(named) == sorted(there)
    assert TEST_HEADER in part


def test_the_drawing_is_made_from_the_templates() -> None:
    """`python -m tests.docs.infrastructure_diagram` writes it."""
    assert BLOCK.findall(PAGE) == [diagram()]


def test_the_example_is_a_configuration_whose_stacks_can_be_made() -> None:
    config = validate(
        {**tomllib.loads(TOML.findall(PAGE)[0]), "application": {"name": "mycandidate"}}, "page"
    )
    assert account_parameters(config)["Budget"] == "80"
    for name in ("staging", "development", "production"):
        assert environment_parameters(config, name, HERE, RunningService())["Environment"] == name
        assert subject_claim(config.github, name).startswith("repo:example@1001/mycandidate@2002:")


def test_the_runbooks_settings_are_settings() -> None:
    for text in TOML.findall(RECOVERY):
        data = tomllib.loads(text)
        data["environments"]["production"]["platform"] = "ecs"
        config = validate(data, "page")
        assert config.environments["production"].infrastructure.database.snapshot


def test_the_example_of_a_plan_is_what_would_be_said() -> None:
    replaced = row(
        "Modify",
        "Database",
        "RDS::DBInstance",
        Replacement="True",
        PolicyAction="ReplaceAndSnapshot",
        Details=[detail("DBInstanceIdentifier", "web-staging", "web-staging-2", "Always")],
    )
    changed = row(
        "Modify",
        "Database",
        "RDS::DBInstance",
        Replacement="False",
        Details=[detail("DBInstanceClass", "db.t4g.micro", "db.t4g.small")],
    )
    for one in (replaced, changed):
        assert plan_lines(read_changes([page(one)]))[0] in PAGE.splitlines()
