"""`[aws]`, and `[environments.NAME.ecs]`: the account, and a service in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, MultipleOf

from shipway.config.tables import Closed, Count, Percent, Seconds


@dataclass(frozen=True, kw_only=True)
class Aws(Closed):
    """The account that environments of the platform `ecs` are in.

    region and profile: empty for what the surroundings say (AWS_REGION, AWS_PROFILE). account:
    its twelve digits; when given, another account is refused. bucket: where releases and
    receipts are kept, so that another machine can roll back; empty for the bootstrap stack's.
    budget: US dollars a month; 0 for none. alerts: who hears of it, by mail. owner and
    cost_centre: tags of everything. images: how many are kept in the repository.
    github_provider: whether the bootstrap stack creates GitHub's identity provider; false where
    the account has it already.
    """

    region: str = ""
    profile: str = ""
    account: str = ""
    bucket: str = ""
    budget: Annotated[float, Ge(0)] = 0.0
    alerts: str = ""
    owner: str = ""
    cost_centre: str = ""
    images: Annotated[int, Ge(5)] = 30
    github_provider: bool = True


NO_ROLE = "none"  # as a task's role


@dataclass(frozen=True, kw_only=True)
class Ecs(Closed):
    """A service on ECS. What is empty follows the names that the stacks give (aws/names.py).

    cpu (1024 is one vCPU) and memory (MiB) have to be a pair that Fargate knows. template: a file
    with a task definition to start from, instead of the running one. secrets: variable → ARN of
    a secret in Secrets Manager (`arn…:key::` for one key of it) or of a parameter in SSM.
    task_role: `none` for tasks that have no role of their own.
    stop_timeout: seconds between SIGTERM and SIGKILL. alarms: names of CloudWatch alarms that
    roll a deployment back. failed_tasks: rolling gives up after so many. pause_margin: seconds
    that ECS waits for an answer beyond the judge's horizon. metrics_namespace: where the
    application itself sends metrics by release (it is told in METRICS_NAMESPACE); empty where it
    sends none.
    """

    cluster: str = ""
    service: str = ""
    family: str = ""
    container: str = "web"
    container_port: Annotated[int, Gt(0), Le(65535)] = 8000
    cpu: Annotated[int, Gt(0)] = 256
    memory: Annotated[int, Gt(0)] = 512
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    template: str = ""
    execution_role: str = ""
    task_role: str = ""
    log_group: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    stop_timeout: Annotated[int, Ge(2), Le(120)] = 60
    alarms: tuple[str, ...] = ()
    failed_tasks: Annotated[int, Ge(1)] = 3
    timeout: Seconds = 3600.0
    pause_margin: Annotated[float, Ge(60)] = 600.0
    metrics_namespace: str = ""


# `[environments.NAME.infrastructure]`: the levers of an environment's stack. Small by default.

# The only numbers of days that CloudWatch Logs knows (PutRetentionPolicy).
LogDays = Literal[
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
]


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


@dataclass(frozen=True, kw_only=True)
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


# `[environments.NAME.monitoring]`: who is told of what, and when.

Way = Literal["mail", "slack"]


@dataclass(frozen=True)
class AlarmSettings(Closed):
    """What is different about one alarm; what is not set stays as monitoring/alarm_rules.py has it.

    threshold: in the alarm's own unit (`shipway monitor show` names it). It rings when
    `datapoints` of the last `of` periods, of `period` seconds each, are beyond it.
    """

    threshold: float | None = None
    period: Annotated[int, Ge(60), MultipleOf(60)] | None = None
    datapoints: Annotated[int, Ge(1)] | None = None
    of: Annotated[int, Ge(1)] | None = None
    severity: Literal["critical", "warning"] | None = None
    off: bool = False


@dataclass(frozen=True, kw_only=True)
class Monitoring(Closed):
    """The alarms and the dashboard of one environment.

    mail: addresses; each gets a message once that it has to confirm. slack_workspace and
    slack_channel: Slack's ids (T…, C…). critical, warning: the ways that messages of this
    severity take. always_on: tasks and database run day and night, so that no data is an alarm.
    least_traffic: fewer requests an hour than this are an alarm; 0 for none. runbooks: the address
    that the names of runbooks are appended to. encrypted: messages are encrypted with a key of
    their own ($1 a month). dashboard: $3 a month beyond an account's first three. business:
    metrics of the application's own to draw, each with its dimensions. alarms: name → settings.
    """

    mail: tuple[str, ...] = ()
    slack_workspace: str = ""
    slack_channel: str = ""
    critical: tuple[Way, ...] = ("mail", "slack")
    warning: tuple[Way, ...] = ("mail", "slack")
    always_on: bool = True
    least_traffic: Count = 0
    runbooks: str = ""
    encrypted: bool = True
    dashboard: bool = True
    business: dict[str, tuple[str, ...]] = field(default_factory=dict)
    alarms: dict[str, AlarmSettings] = field(default_factory=dict)
