"""Which tags may move, and which images stay."""

from __future__ import annotations

import json

import pytest

from shipway.core.config import Config, Environment
from shipway.core.errors import ConfigError
from shipway.core.images.repository import kept_by, lifecycle, moving, patterns


def test_only_the_tags_of_environments_elsewhere_move() -> None:
    there = Environment(platform="ecs")
    given = {"production": there, "local": Environment(platform="local"), "development": there}
    assert moving(Config(environments=given)) == ("development", "production")


def test_referrers_lists_move_too_and_five_is_the_most() -> None:
    assert patterns(("production",)) == ("production", "sha256-*")
    with pytest.raises(ConfigError, match="five"):
        patterns([f"e{number}" for number in range(5)])


def test_what_an_environment_names_stays_however_old_it_is() -> None:
    rules = lifecycle(["production"], 50)["rules"]
    assert [one["rulePriority"] for one in rules] == [1, 2, 3]
    keeps, untagged, rest = (one["selection"] for one in rules)
    assert (keeps["tagPatternList"], keeps["countNumber"]) == (["production"], 9999)
    assert (untagged["tagStatus"], untagged["countNumber"]) == ("untagged", 14)
    assert (rest["tagPatternList"], rest["countNumber"]) == (["*"], 50)
    assert kept_by(json.dumps(lifecycle(["production"], 50))) == 50
