"""What is told of cost: estimates, what would cost less, limits, and what to be careful about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypedDict

from shipway.config.aws import Schedule
from shipway.config.schema import Config, Environment
from shipway.cost.ci import CiUse
from shipway.cost.estimate import Estimator
from shipway.cost.line_items import Estimate, LineItem
from shipway.cost.prices import OLD, outdated_prices
from shipway.errors import ConfigError

# What would cost less: each lever turned, and the whole estimated anew.

_NIGHT = Schedule("07:00", "19:00")  # of working days; 60 of 168 hours
_LEAST = 0.5  # US dollars a month that are worth a line
_NEVER_ASLEEP = "production"
_KEY = "infrastructure"


@dataclass(frozen=True)
class Alternative:
    """setting: what to write, below `environments.NAME`. price: what it takes instead.

    saves: US dollars a month.
    """

    environment: str
    setting: str
    price: str
    saves: float


def cheaper_alternatives(estimator: Estimator, name: str) -> list[Alternative]:
    """What an environment could do without, what saves most first; each by itself."""
    now = sum(estimate.usd for estimate in estimator.all())
    rows = []
    for setting, price, changed in _changes(estimator.config, name):
        environments = {**estimator.config.environments, name: changed}
        other = replace(estimator, config=replace(estimator.config, environments=environments))
        try:
            saves = now - sum(estimate.usd for estimate in other.all())
        except ConfigError:
            continue  # the levers do not allow it
        if saves >= _LEAST:
            rows.append(Alternative(name, setting, price, saves))
    return sorted(rows, key=lambda alternative: -alternative.saves)


def _changes(config: Config, name: str) -> Iterator[tuple[str, str, Environment]]:
    """What to write, what it takes, and the environment as it would be."""
    environment = config.environments[name]
    levers = environment.infrastructure
    if environment.ecs.architecture != "arm64":
        arm = replace(environment, ecs=replace(environment.ecs, architecture="arm64"))
        yield 'ecs.architecture = "arm64"', "the image has to be built for ARM", arm
    for setting, price, changed in (
        ("spot = 100", "a task may be stopped at two minutes' notice", replace(levers, spot=100.0)),
        (
            "nat = false",
            "tasks have public addresses, where nobody is let in",
            replace(levers, nat=False),
        ),
        (
            "multi_az = false",
            "a zone that fails takes database and Redis with it",
            replace(levers, multi_az=False),
        ),
        (
            'insights = "disabled"',
            "no metrics of single tasks",
            replace(levers, insights="disabled"),
        ),
    ):
        yield f"{_KEY}.{setting}", price, replace(environment, infrastructure=changed)
    if name != _NEVER_ASLEEP:
        yield from _asleep(config, name)


def _asleep(config: Config, name: str) -> Iterator[tuple[str, str, Environment]]:
    """For environments that nobody but us asks."""
    environment = config.environments[name]
    levers = environment.infrastructure
    if not levers.schedule.start:
        night = replace(levers, schedule=_NIGHT)
        yield (
            f'{_KEY}.schedule = {{start = "{_NIGHT.start}", stop = "{_NIGHT.stop}"}}',
            "nobody is answered at night and on weekends",
            replace(environment, infrastructure=night),
        )
    if levers.min_tasks > 1:
        single = replace(levers, min_tasks=1)
        yield (
            f"{_KEY}.min_tasks = 1",
            "a task that fails is missed until the next one is up",
            replace(environment, infrastructure=single),
        )
    host = _host(config, name)
    if host:
        shared = replace(levers, shares=host, host=levers.host or f"{name}.example.org")
        yield (
            f'{_KEY}.shares = "{host}"',
            f"network, load balancer and database are {host}'s; it needs a host, too",
            replace(environment, infrastructure=shared),
        )


def _host(config: Config, name: str) -> str:
    """Whose load balancer and database it could use; "" where there is none.

    Not production's, and nobody's who shares; one that others use cannot move in with another.
    """
    ours = {
        key: environment
        for key, environment in config.environments.items()
        if environment.platform == "ecs"
    }
    if any(environment.infrastructure.shares == name for environment in ours.values()):
        return ""
    return next(
        (
            key
            for key, environment in ours.items()
            if key not in (name, _NEVER_ASLEEP) and not environment.infrastructure.shares
        ),
        "",
    )


ALL = "in all"
_NAMED = 6  # names in a remark


@dataclass(frozen=True)
class CostLimit:
    """usd: what it costs a month. most: what it may; both US dollars."""

    name: str
    usd: float
    most: float

    @property
    def exceeded(self) -> bool:
        """Whether it is too much."""
        return self.usd > self.most


@dataclass(frozen=True)
class CiCost:
    """What runs take at GitHub. month: what that is a month; no lines where nobody knows."""

    use: CiUse
    month: Estimate


@dataclass(frozen=True)
class CostStatement:
    """All of it. whole: whether it is of all environments, so that there is a sum."""

    estimates: tuple[Estimate, ...]
    alternatives: tuple[Alternative, ...]
    limits: tuple[CostLimit, ...]
    remarks: tuple[str, ...]
    whole: bool
    ci: CiCost | None = None

    @property
    def usd(self) -> float:
        """US dollars a month, at least."""
        return sum(estimate.usd for estimate in self.estimates)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of prices that nobody knows."""
        return tuple(
            dict.fromkeys(name for estimate in self.estimates for name in estimate.unknown)
        )

    @property
    def exceeded(self) -> tuple[CostLimit, ...]:
        """The limits that are."""
        return tuple(limit for limit in self.limits if limit.exceeded)


def cost_statement(
    estimator: Estimator, environment: str, region: str, today: date, ci: CiCost | None = None
) -> CostStatement:
    """The statement of an environment, or of all for "". region: where it is; "" if not known.

    Raises ConfigError where there is no such environment on AWS.
    """
    estimates = (estimator.environment(environment),) if environment else estimator.all()
    names = (environment,) if environment else estimator.environments
    others = tuple(
        alternative for name in names for alternative in cheaper_alternatives(estimator, name)
    )
    statement = CostStatement(
        estimates,
        others,
        tuple(_limits(estimator, estimates, whole=not environment)),
        (),
        not environment,
        ci,
    )
    return CostStatement(
        statement.estimates,
        statement.alternatives,
        statement.limits,
        tuple(_remarks(statement, region, today)),
        statement.whole,
        ci,
    )


def _limits(
    estimator: Estimator, estimates: Iterable[Estimate], *, whole: bool
) -> Iterator[CostLimit]:
    limits, total = estimator.config.cost.limits, 0.0
    for estimate in estimates:
        total += estimate.usd
        if estimate.name in limits:
            yield CostLimit(estimate.name, estimate.usd, limits[estimate.name])
    if whole and estimator.config.aws.budget:
        yield CostLimit(ALL, total, estimator.config.aws.budget)


def _remarks(statement: CostStatement, region: str, today: date) -> Iterator[str]:
    used = {
        line.name: line.price
        for estimate in statement.estimates
        for line in estimate.lines
        if line.price
    }
    aged = outdated_prices(used, today)
    if aged:
        oldest = used[aged[0]]
        yield (
            f"{len(aged)} of {len(used)} prices are older than {OLD} days, the oldest is of "
            f"{oldest.date} ({_some(aged)}): look them up, and say them in [cost.prices]"
        )
    elsewhere = sorted({price.region for price in used.values() if price.region} - {region})
    if region and elsewhere:
        yield f"prices are of {', '.join(elsewhere)}, and things are in {region}, often 5-25 % more"
    if statement.unknown:
        yield (
            f"no price is known of {_some(statement.unknown)}: the sums are too small; "
            "[cost.prices]"
        )
    if not statement.limits:
        yield "no limit is set: [cost.limits] ENV = US dollars a month, and aws.budget for all"


def _some(names: Iterable[str]) -> str:
    known = list(names)
    return ", ".join(known[:_NAMED]) + (", …" if len(known) > _NAMED else "")


# What a month costs, as a table and as JSON-able data.

_WIDTH = 29  # of what a line is about


def cost_lines(statement: CostStatement) -> Iterator[str]:
    """For people: a table an environment, then the sum, limits, what would cost less, remarks."""
    sources: dict[tuple[str, str], int] = {}
    for estimate in statement.estimates:
        yield _heading(estimate.name, estimate.usd, bool(estimate.unknown))
        for line in estimate.lines:
            yield _row(line, sources)
        yield ""
    yield from _sum_lines(statement)
    yield from _other_lines(statement.alternatives)
    if statement.ci:
        yield from ("", *_ci_lines(statement.ci))
    yield from ("", "~ rests on [cost.usage]")
    yield from (f"[{number}] {when} {source}" for (source, when), number in sources.items())
    yield from (f"careful: {remark}" for remark in statement.remarks)


def _sum_lines(statement: CostStatement) -> Iterator[str]:
    if statement.whole:
        yield _heading(ALL, statement.usd, bool(statement.unknown))
    for limit in statement.limits:
        relation = "exceeds" if limit.exceeded else "is within"
        yield f"{limit.name}: ${limit.usd:.2f} {relation} the limit of ${limit.most:.2f}"


def _other_lines(alternatives: Sequence[Alternative]) -> Iterator[str]:
    if alternatives:
        yield from ("", "Each of these alone would save, a month:")
    for alternative in alternatives:
        yield (
            f"  ${alternative.saves:>6.2f}  {alternative.environment}: {alternative.setting}  "
            f"({alternative.price})"
        )


def _heading(name: str, usd: float, at_least: bool) -> str:
    """at_least: whether a price is missing."""
    amount = f"{'at least ' if at_least else ''}${usd:.2f}"
    return f"{name:<{_WIDTH + 34}} {amount:>10}"


def _row(line: LineItem, sources: dict[tuple[str, str], int]) -> str:
    mark = "~" if line.assumed else " "
    start = f" {mark}{line.what:<{_WIDTH}} {line.quantity:>8.6g}"
    if line.price is None:
        return f"{start} (no price is known: cost.prices.{line.name})"
    key = (line.price.source, str(line.price.date))
    number = sources.setdefault(key, len(sources) + 1)
    unit = f"{line.price.unit:<15}"
    return f"{start} {unit} ${line.price.usd:<9.6g} {f'${line.usd:.2f}':>7} [{number}]"


def _ci_lines(ci: CiCost) -> Iterator[str]:
    use = ci.use
    yield (
        f"CI, from {use.runs} runs on record: {use.minutes:.1f} minutes and "
        f"{use.bytes / 1e6:.1f} MB a run"
    )
    if use.runs_a_month is None:
        yield "  how often they come cannot be told yet: they are all of one day"
        return
    yield (
        f"  about {use.runs_a_month:.0f} runs a month: {use.runs_a_month * use.minutes:.0f} "
        f"minutes, ${ci.month.usd:.2f} beyond the plan's; a public repository pays nothing"
    )


class LineData(TypedDict):
    """One line of an estimate: see LineItem. price: of a unit, None where it is not known."""

    what: str
    name: str
    quantity: float
    unit: str
    price: float | None
    source: str
    date: str
    region: str
    usd: float
    assumed: str


class EstimateData(TypedDict):
    """One estimate: of an environment, or of what environments share."""

    name: str
    usd: float
    lines: list[LineData]


class LimitData(TypedDict):
    """A limit that the configuration sets."""

    name: str
    usd: float
    most: float
    exceeded: bool


class AlternativeData(TypedDict):
    """What would cost less: see Alternative."""

    environment: str
    setting: str
    price: str
    saves: float


class CiData(TypedDict):
    """What CI costs: see CiUse."""

    runs: int
    minutes: float
    bytes: float
    runs_a_month: float | None
    usd: float


class CostData(TypedDict):
    """Everything that is told of cost. Amounts are US dollars a month."""

    currency: str
    estimates: list[EstimateData]
    usd: float
    limits: list[LimitData]
    alternatives: list[AlternativeData]
    ci: CiData | None
    unknown: list[str]
    remarks: list[str]


def cost_data(statement: CostStatement) -> CostData:
    """The same, JSON-able."""
    return {
        "currency": "USD",
        "estimates": [_estimate(estimate) for estimate in statement.estimates],
        "usd": round(statement.usd, 2),
        "limits": [
            {
                "name": limit.name,
                "usd": limit.usd,
                "most": limit.most,
                "exceeded": limit.exceeded,
            }
            for limit in statement.limits
        ],
        "alternatives": [
            {
                "environment": alternative.environment,
                "setting": alternative.setting,
                "price": alternative.price,
                "saves": alternative.saves,
            }
            for alternative in statement.alternatives
        ],
        "ci": _ci(statement.ci) if statement.ci else None,
        "unknown": list(statement.unknown),
        "remarks": list(statement.remarks),
    }


def _estimate(estimate: Estimate) -> EstimateData:
    return {
        "name": estimate.name,
        "usd": round(estimate.usd, 2),
        "lines": [_line(line) for line in estimate.lines],
    }


def _line(line: LineItem) -> LineData:
    price = line.price
    return {
        "what": line.what,
        "name": line.name,
        "quantity": round(line.quantity, 4),
        "unit": price.unit if price else "",
        "price": price.usd if price else None,
        "source": price.source if price else "",
        "date": str(price.date) if price else "",
        "region": price.region if price else "",
        "usd": round(line.usd, 4),
        "assumed": line.assumed,
    }


def _ci(ci: CiCost) -> CiData:
    use = ci.use
    return {
        "runs": use.runs,
        "minutes": use.minutes,
        "bytes": use.bytes,
        "runs_a_month": use.runs_a_month,
        "usd": round(ci.month.usd, 2),
    }
