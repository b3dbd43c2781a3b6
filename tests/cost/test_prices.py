"""The table of prices."""

from __future__ import annotations

from datetime import date

import pytest

from shipway.config.tables import Price
from shipway.cost.prices import PRICES, UNITS, outdated_prices, with_custom_prices
from shipway.errors import ConfigError

OWN = Price(0.05, date(2026, 11, 1), "the bill of October")


@pytest.mark.parametrize("name", sorted(PRICES))
def test_every_price_carries_unit_region_source_and_date(name: str) -> None:
    price = PRICES[name]
    assert price.unit
    assert price.region == "us-east-1"
    assert price.source
    assert date(2020, 1, 1) < price.date < date(2027, 1, 1)
    assert 0 < price.usd <= 3


def test_ones_own_price_comes_first_and_has_the_unit_of_the_table() -> None:
    found = with_custom_prices({"nat": OWN})
    assert (found["nat"].usd, found["nat"].unit) == (0.05, "hour")
    assert found["public-ip"] == PRICES["public-ip"]


@pytest.mark.parametrize("name", ["rds-db.r7g.large", "redis-cache.r7g.large", "insights"])
def test_a_class_that_the_table_lacks_can_be_given_a_price(name: str) -> None:
    assert with_custom_prices({name: OWN})[name].unit == UNITS.get(name, "hour")


def test_a_name_that_nothing_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'nat-data'"):
        with_custom_prices({"nat-dat": OWN})


def test_prices_are_old_after_180_days() -> None:
    prices = {"a": Price(1, date(2026, 1, 1), "x"), "b": Price(1, date(2026, 6, 1), "x")}
    assert outdated_prices(prices, date(2026, 6, 30)) == []
    assert outdated_prices(prices, date(2026, 7, 1)) == ["a"]
    assert outdated_prices(prices, date(2027, 7, 1)) == ["a", "b"]
