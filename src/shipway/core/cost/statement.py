"""What is told of cost: estimates, what would cost less, limits, and what to be careful about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from shipway.core.cost.alternatives import Alternative, alternatives
from shipway.core.cost.ci import CiUse
from shipway.core.cost.estimate import Estimator
from shipway.core.cost.line import Estimate
from shipway.core.cost.prices import OLD, old

ALL = "in all"
_NAMED = 6  # names in a remark


@dataclass(frozen=True)
class Limit:
    """usd: what it costs a month. most: what it may; both US dollars."""

    name: str
    usd: float
    most: float

    @property
    def exceeded(self) -> bool:
        """Whether it is too much."""
        return self.usd > self.most


@dataclass(frozen=True)
class Ci:
    """What runs take at GitHub. month: what that is a month; no lines where nobody knows."""

    use: CiUse
    month: Estimate


@dataclass(frozen=True)
class Statement:
    """All of it. whole: whether it is of all environments, so that there is a sum."""

    estimates: tuple[Estimate, ...]
    alternatives: tuple[Alternative, ...]
    limits: tuple[Limit, ...]
    remarks: tuple[str, ...]
    whole: bool
    ci: Ci | None = None

    @property
    def usd(self) -> float:
        """US dollars a month, at least."""
        return sum(one.usd for one in self.estimates)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of prices that nobody knows."""
        return tuple(dict.fromkeys(name for one in self.estimates for name in one.unknown))

    @property
    def exceeded(self) -> tuple[Limit, ...]:
        """The limits that are."""
        return tuple(one for one in self.limits if one.exceeded)


def state(
    found: Estimator, environment: str, region: str, today: date, ci: Ci | None = None
) -> Statement:
    """The statement of an environment, or of all for "". region: where it is; "" if not known.

    Raises ConfigError where there is no such environment on AWS.
    """
    estimates = (found.environment(environment),) if environment else found.all()
    names = (environment,) if environment else found.environments
    others = tuple(one for name in names for one in alternatives(found, name))
    made = Statement(
        estimates, others, tuple(_limits(found, estimates, whole=not environment)), (),
        not environment, ci,
    )  # fmt: skip
    return Statement(
        made.estimates, made.alternatives, made.limits, tuple(_remarks(made, region, today)),
        made.whole, ci,
    )  # fmt: skip


def _limits(found: Estimator, estimates: Iterable[Estimate], *, whole: bool) -> Iterator[Limit]:
    limits, total = found.config.cost.limits, 0.0
    for one in estimates:
        total += one.usd
        if one.name in limits:
            yield Limit(one.name, one.usd, limits[one.name])
    if whole and found.config.aws.budget:
        yield Limit(ALL, total, found.config.aws.budget)


def _remarks(made: Statement, region: str, today: date) -> Iterator[str]:
    used = {
        line.name: line.price for one in made.estimates for line in one.lines if line.price
    }  # fmt: skip
    aged = old(used, today)
    if aged:
        oldest = used[aged[0]]
        yield (
            f"{len(aged)} of {len(used)} prices are older than {OLD} days, the oldest is of "
            f"{oldest.date} ({_some(aged)}): look them up, and say them in [cost.prices]"
        )
    elsewhere = sorted({price.region for price in used.values() if price.region} - {region})
    if region and elsewhere:
        yield f"prices are of {', '.join(elsewhere)}, and things are in {region}, often 5-25 % more"
    if made.unknown:
        yield f"no price is known of {_some(made.unknown)}: the sums are too small; [cost.prices]"
    if not made.limits:
        yield "no limit is set: [cost.limits] ENV = US dollars a month, and aws.budget for all"


def _some(names: Iterable[str]) -> str:
    known = list(names)
    return ", ".join(known[:_NAMED]) + (", …" if len(known) > _NAMED else "")
