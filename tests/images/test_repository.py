"""Which tags may move, and which images stay."""

from __future__ import annotations

import json

import pytest

from shipway.config.schema import Config, Environment
from shipway.errors import ConfigError
from shipway.images.repository import images_kept_by, lifecycle_policy, moving_tags, tag_patterns


def test_only_the_tags_of_environments_elsewhere_move() -> None:
    there = Environment(platform="ecs")
    given = {"production": there, "local": Environment(platform="local"), "development": there}
    assert moving_tags(Config(environments=given)) == ("development", "production")


def test_referrers_lists_move_too_and_five_is_the_most() -> None:
    assert tag_patterns(("production",)) == ("production", "sha256-*")
    with pytest.raises(ConfigError, match="five"):
        tag_patterns([f"e{number}" for number in range(5)])


def test_what_an_environment_names_stays_however_old_it_is() -> None:
    rules = lifecycle_policy(["production"], 50)["rules"]
    assert [one["rulePriority"] for one in rules] == [1, 2, 3]
    keeps, untagged, rest = (one["selection"] for one in rules)
    assert (keeps["tagPatternList"], keeps["countNumber"]) == (["production"], 9999)
    assert (untagged["tagStatus"], untagged["countNumber"]) == ("untagged", 14)
    assert (rest["tagPatternList"], rest["countNumber"]) == (["*"], 50)
    assert images_kept_by(json.dumps(lifecycle_policy(["production"], 50))) == 50
