"""The stacks in every region that ECS has, and in every partition.

Which types a region has is the table that cfn-lint brings along; reading it takes no second, where
cfn-lint itself takes minutes over all regions.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import cfnlint
import pytest
from botocore.loaders import Loader
from tests.infrastructure.render import parse

import shipway
from shipway.aws.names import partition_of
from shipway.infrastructure.account import ACCOUNT_REGION
from shipway.infrastructure.template import load_template

ROOT = Path(shipway.__file__).parent
TABLES = Path(cfnlint.__file__).parent / "data" / "schemas" / "providers"
REGIONS = {
    path.stem: frozenset(json.loads(path.read_text(encoding="utf-8")))
    for path in TABLES.glob("*-*.json")
}
WITH_ECS = sorted(name for name, types in REGIONS.items() if "AWS::ECS::Service" in types)


def types(kind: str) -> set[str]:
    return {resource["Type"] for resource in parse(load_template(kind))["Resources"].values()}


def test_ecs_is_in_most_regions() -> None:
    assert len(WITH_ECS) > 40
    assert {"us-gov-west-1", "cn-north-1", "af-south-1", ACCOUNT_REGION} <= set(WITH_ECS)


@pytest.mark.parametrize("kind", ["bootstrap", "environment"])
def test_every_region_that_has_ecs_has_all_of_a_stack(kind: str) -> None:
    missing = {region: types(kind) - REGIONS[region] for region in WITH_ECS}
    assert {region: lacking for region, lacking in missing.items() if lacking} == {}


def test_what_watches_cost_is_made_where_there_is_all_of_it() -> None:
    assert types("account") <= REGIONS[ACCOUNT_REGION]
    without = [region for region in WITH_ECS if not types("account") <= REGIONS[region]]
    assert "af-south-1" in without  # which is why it has a region of its own


@pytest.mark.parametrize("kind", ["account", "bootstrap", "environment"])
def test_a_template_names_no_partition(kind: str) -> None:
    assert "arn:aws" not in load_template(kind)


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts that a module's code has; docstrings are none."""
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, described) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in documents
        ):
            yield node.value


def test_the_code_names_no_partition() -> None:
    naming = [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if any("arn:aws:" in text for text in texts(ast.parse(path.read_text(encoding="utf-8"))))
    ]
    assert naming == []


def test_a_regions_partition_is_the_one_that_botocore_knows() -> None:
    patterns = {
        partition["id"]: re.compile(partition["regionRegex"])
        for partition in Loader().load_data("partitions")["partitions"]
    }
    known = {
        region: {name for name, pattern in patterns.items() if pattern.match(region)}
        for region in WITH_ECS
    }
    assert {region: {partition_of(region)} for region in WITH_ECS} == known
