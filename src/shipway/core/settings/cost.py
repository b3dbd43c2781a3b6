"""`[cost]`: what things cost where you are, what a month may cost, how much is used."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge

from shipway.core.settings.closed import Closed, Text

Amount = Annotated[float, Ge(0)]


@dataclass(frozen=True)
class Price(Closed):
    """What one unit of something costs.

    usd: US dollars. date: when that was so. source: who says so. unit, region: what it is the
    price of, and where; empty for what Shipway's own table has.
    """

    usd: Amount
    date: datetime.date
    source: Text
    unit: str = ""
    region: str = ""


@dataclass(frozen=True)
class Usage(Closed):
    """What no lever says, and the estimate has to assume. A month, where nothing else is said.

    lcu: load balancer capacity units at work, on average. logs_gb: GB of log lines an environment
    writes. nat_gb: GB through an environment's NAT gateways. metrics: the application's own
    metrics in CloudWatch, in an environment. image_mb: MB that a kept image adds to the
    repository. releases_gb: GB in the bucket. traffic_gb: GB to the internet, of all environments.
    ci_minutes: minutes that the plan at GitHub has without pay.
    """

    lcu: Amount = 0.25
    logs_gb: Amount = 2.0
    nat_gb: Amount = 5.0
    metrics: Annotated[int, Ge(0)] = 0
    image_mb: Amount = 100.0
    releases_gb: Amount = 1.0
    traffic_gb: Amount = 20.0
    ci_minutes: Amount = 2000.0


@dataclass(frozen=True)
class Cost(Closed):
    """What a month costs, and what it may.

    limits: environment → US dollars a month that it may cost; the account's own limit is
    aws.budget. prices: over those of Shipway's own table, by their names (docs/cost.md).
    """

    limits: dict[str, Amount] = field(default_factory=dict)
    prices: dict[str, Price] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
