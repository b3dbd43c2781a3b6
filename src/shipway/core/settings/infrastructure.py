"""`[environments.NAME.infrastructure]`: the levers of an environment's stack. Small by default."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from shipway.core.settings.closed import Closed, Percent

# The only numbers of days that CloudWatch Logs knows (PutRetentionPolicy).
LogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip


@dataclass(frozen=True)
class Schedule(Closed):
    """When nothing runs: from `stop` until `start` ("19:00"), and on days that are not named.

    days: as EventBridge writes them ("MON-FRI"). Empty start and stop: it always runs.
    """

    start: str = ""
    stop: str = ""
    days: str = "MON-FRI"
    timezone: str = "UTC"


@dataclass(frozen=True)
class Database(Closed):
    """PostgreSQL on RDS.

    instance: the class. version: the major one; RDS keeps the minor up to date. storage and
    max_storage: GiB at first, and what it may grow to by itself. backup_days: for so long it can
    be restored to any second. identifier: its name; empty for the environment's own. snapshot:
    where it starts from; it stays here afterwards, because to take it out asks for a new database.
    """

    instance: str = "db.t4g.micro"
    version: Literal["14", "15", "16", "17", "18"] = "17"
    storage: Annotated[int, Ge(20)] = 20
    max_storage: Annotated[int, Ge(22)] = 40
    backup_days: Annotated[int, Ge(1), Le(35)] = 7
    identifier: str = ""
    snapshot: str = ""


@dataclass(frozen=True)
class Infrastructure(Closed):
    """An environment's stack.

    nat: tasks in private subnets behind a NAT gateway. multi_az: a standby of the database (and
    of Redis and the gateway) in the second zone. spot: percent of tasks on Fargate Spot.
    shares: the environment whose network, load balancer and database it uses as well. host: the
    name that people ask for. certificate: its ARN in ACM; without one there is HTTP only.
    min_tasks, max_tasks: between them it is scaled to keep CPU at cpu_target percent.
    protected: database and load balancer refuse to be deleted. log_days: how long lines are kept.
    insights: CloudWatch Container Insights, which has a price by metric.
    """

    nat: bool = False
    multi_az: bool = False
    spot: Percent = 0.0
    shares: str = ""
    host: str = ""
    certificate: str = ""
    cidr: str = "10.0.0.0/16"
    min_tasks: Annotated[int, Gt(0), Le(100)] = 2
    max_tasks: Annotated[int, Gt(0), Le(100)] = 4
    cpu_target: Annotated[float, Gt(0), Le(100)] = 60.0
    schedule: Schedule = field(default_factory=Schedule)
    database: Database = field(default_factory=Database)
    redis: bool = False
    redis_node: str = "cache.t4g.micro"
    log_days: LogDays = 30
    insights: Literal["disabled", "enabled", "enhanced"] = "disabled"
    protected: bool = True
