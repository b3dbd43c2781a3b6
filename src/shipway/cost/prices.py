"""What AWS and GitHub charge, each with date and source.

Secondary sources, because no price list could be asked: verify before you rely on them. The date
is that of the source. us-east-1, on demand, beyond every free tier. A project says its own in
`[cost.prices]`, or for once with `shipway cost --prices FILE`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from difflib import get_close_matches

from shipway.config.tables import Price
from shipway.errors import ConfigError

REGION = "us-east-1"
OLD = 180  # days after which a price is worth another look
_OPEN = ("rds-", "redis-")  # how the names of classes begin, which are too many to be listed

_FARGATE = ("https://www.wring.co/blog/aws-fargate-pricing-guide", date(2026, 3, 10))
_ARM = ("https://www.vantage.sh/blog/fargate-pricing", date(2021, 4, 22))
_BALANCER = ("https://awsnegotiations.com/elastic-load-balancer-cost.html", date(2026, 5, 1))
_NAT = ("https://cloudburn.io/blog/aws-nat-gateway-pricing", date(2026, 2, 24))
_RDS = ("https://infratally.com/articles/aws-rds-pricing-explained-2026.html", date(2026, 1, 1))
_STORAGE = (
    "https://www.usage.ai/blogs/aws/reserved-instances/rds/pricing-calculator/",
    date(2026, 6, 1),
)
_WATCH = (
    "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    date(2026, 6, 13),
)
_SERIES = ("https://signoz.io/guides/cloudwatch-pricing", date(2026, 2, 15))
_KMS = ("https://cloudburn.io/blog/aws-kms-pricing", date(2026, 3, 14))
_ECR = ("https://www.wring.co/blog/aws-ecr-pricing-guide", date(2026, 3, 15))
_GITHUB = (
    "https://docs.github.com/en/billing/reference/actions-runner-pricing",
    date(2026, 10, 30),
)
# Long the same, and quoted everywhere; no source with a date was at hand.
_KNOWN = ("commonly quoted, about the start of 2025: verify", date(2025, 1, 1))

_Row = tuple[str, float, str, tuple[str, date]]
_SPOT = 0.3  # of the price on demand: "saves up to 70 %"
_ROWS: tuple[_Row, ...] = (
    ("fargate-vcpu", 0.04048, "vCPU-hour", _FARGATE),
    ("fargate-memory", 0.004445, "GB-hour", _FARGATE),
    ("fargate-arm-vcpu", 0.03238, "vCPU-hour", _ARM),
    ("fargate-arm-memory", 0.00356, "GB-hour", _ARM),
    ("fargate-spot-vcpu", 0.04048 * _SPOT, "vCPU-hour", _FARGATE),
    ("fargate-spot-memory", 0.004445 * _SPOT, "GB-hour", _FARGATE),
    ("fargate-arm-spot-vcpu", 0.03238 * _SPOT, "vCPU-hour", _ARM),
    ("fargate-arm-spot-memory", 0.00356 * _SPOT, "GB-hour", _ARM),
    ("load-balancer", 0.0225, "hour", _BALANCER),
    ("load-balancer-capacity", 0.008, "LCU-hour", _BALANCER),
    ("public-ip", 0.005, "address-hour", _NAT),
    ("nat", 0.045, "hour", _NAT),
    ("nat-data", 0.045, "GB", _NAT),
    ("traffic", 0.09, "GB", _ECR),
    ("rds-db.t4g.micro", 0.016, "hour", _RDS),
    ("rds-db.t4g.small", 0.032, "hour", _RDS),
    ("rds-db.t4g.medium", 0.065, "hour", _RDS),
    ("rds-db.t4g.large", 0.129, "hour", _KNOWN),
    ("rds-db.m7g.large", 0.168, "hour", _KNOWN),
    ("rds-storage", 0.115, "GB-month", _STORAGE),
    ("rds-snapshot", 0.095, "GB-month", _STORAGE),
    ("redis-cache.t4g.micro", 0.016, "hour", _KNOWN),
    ("redis-cache.t4g.small", 0.032, "hour", _KNOWN),
    ("redis-cache.t4g.medium", 0.065, "hour", _KNOWN),
    ("logs-written", 0.50, "GB", _WATCH),
    ("logs-kept", 0.03, "GB-month", _KNOWN),
    ("metric", 0.30, "metric-month", _SERIES),
    ("alarm", 0.10, "metric-month", _KNOWN),
    ("composite-alarm", 0.50, "alarm-month", _KNOWN),
    ("dashboard", 3.00, "dashboard-month", _WATCH),
    ("secret", 0.40, "secret-month", _KNOWN),
    ("key", 1.00, "key-month", _KMS),
    ("images", 0.10, "GB-month", _ECR),
    ("bucket", 0.023, "GB-month", _KNOWN),
    ("volume", 0.08, "GB-month", _KNOWN),
    ("ci-minute", 0.006, "minute", _GITHUB),
    ("ci-storage", 0.25, "GB-month", _KNOWN),
)

PRICES: Mapping[str, Price] = {
    name: Price(round(usd, 7), when, source, unit, REGION)
    for name, usd, unit, (source, when) in _ROWS
}
UNITS = {**{name: price.unit for name, price in PRICES.items()}, "insights": "month"}


def with_custom_prices(
    own: Mapping[str, Price], prices: Mapping[str, Price] = PRICES
) -> dict[str, Price]:
    """The table with a project's own prices over it. Raises ConfigError for an unknown name."""
    defaults = dict(prices)
    for name, price in own.items():
        if name not in UNITS and not name.startswith(_OPEN):
            near = get_close_matches(name, UNITS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"cost.prices.{name}: nothing has a price of this name.{hint}",
                f"Names: {', '.join(UNITS)}, and rds-CLASS, redis-CLASS.",
                code="invalid-setting",
            )
        unit = price.unit or UNITS.get(name, "hour")
        defaults[name] = replace(price, unit=unit)
    return defaults


def outdated_prices(prices: Mapping[str, Price], today: date) -> list[str]:
    """The names of prices that are older than OLD days, the oldest first."""
    aged = [(price.date, name) for name, price in prices.items() if (today - price.date).days > OLD]
    return [name for _, name in sorted(aged)]
