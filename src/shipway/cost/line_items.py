"""One line of an estimate: so many of something, for so long, at such a price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shipway.config.tables import Price

HOURS = 730.0  # of a month: 365 × 24 ÷ 12, as AWS's calculator has it


@dataclass(frozen=True)
class LineItem:
    """count: how many there are. each: units of the price that one of them uses a month.

    price: None where nobody knows it. assumed: the setting in [cost.usage] that the quantity rests
    on; "" where it follows from the levers alone.
    """

    what: str
    name: str
    count: float
    each: float
    price: Price | None
    assumed: str = ""

    @property
    def quantity(self) -> float:
        """Units of the price, a month."""
        return self.count * self.each

    @property
    def usd(self) -> float:
        """US dollars a month; 0 where the price is not known."""
        return self.quantity * self.price.usd if self.price else 0.0


@dataclass(frozen=True)
class Estimate:
    """The lines of an environment, a stack, or an account."""

    name: str
    lines: tuple[LineItem, ...]

    @property
    def usd(self) -> float:
        """US dollars a month: at least so much, where a price is not known."""
        return sum(line.usd for line in self.lines)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What has no price."""
        return tuple(line.name for line in self.lines if line.price is None)


@dataclass(frozen=True)
class PriceSheet:
    """Makes lines with the prices of a table."""

    prices: Mapping[str, Price]

    def line(
        self, what: str, name: str, count: float, each: float = 1.0, assumed: str = ""
    ) -> LineItem:
        """A line with the price of this name."""
        return LineItem(what, name, count, each, self.prices.get(name), assumed)


def without_zero_items(lines: Iterable[LineItem]) -> tuple[LineItem, ...]:
    """Without those of which there is nothing."""
    return tuple(line for line in lines if line.quantity > 0)
