"""`[image]`: how the application's image is built, how large it may be, where it is published."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen, Predicate

from shipway.config.cache_address import is_cache_address, is_public_key, is_variable_or_empty
from shipway.config.names import Name

# What the tables of shipway.toml have in common.

Seconds = Annotated[float, Gt(0)]
Percent = Annotated[float, Ge(0), Le(100)]
Count = Annotated[int, Ge(0)]
Text = Annotated[str, MinLen(1)]


class Closed:
    """Keys that are not declared are errors, not silence."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}


# `[cache]`: the outcomes of steps that a team and its CI share.


@dataclass(frozen=True)
class Cache(Closed):
    """Outcomes of steps that CI has proved, for every clone of the same commit.

    remote: where they are: `https://host/path` of a store of the bazel-remote kind, which keeps
    `ac/KEY` and `cas/SHA256`; `s3://bucket/prefix`; or `file:///folder`. Empty: nothing is shared.
    credentials: variable with a token, or with `user:password`, for such a store. trust: writer →
    the public key that it signs with; what no such key signed is refused. key: variable with the
    private key of a writer. write: the branches whose runs in CI put outcomes there; empty: that of
    `github.main`.
    """

    remote: Annotated[str, Predicate(is_cache_address)] = ""
    credentials: Annotated[str, Predicate(is_variable_or_empty)] = ""
    trust: dict[Name, Annotated[str, Predicate(is_public_key)]] = field(default_factory=dict)
    key: Annotated[str, Predicate(is_variable_or_empty)] = "SHIPWAY_CACHE_KEY"
    write: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables that hold something secret."""
        return tuple(filter(None, (self.credentials, self.key))) if self.remote else ()


# `[cost]`: what things cost where you are, what a month may cost, how much is used.

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


# `[github]`: the repository, and what its workflows are to be like.


@dataclass(frozen=True)
class Scanners(Closed):
    """Scanners that run in GitHub beside Shipway's own; each is a job of security.yml.

    snyk: the version of its npm package. dependency_check, clair: the digest (`sha256:…`) of
    the image owasp/dependency-check, and of quay.io/projectquay/clair-action. ecr: what ECR found
    in the image that was pushed last. secret_scanning: GitHub's open alerts.
    """

    snyk: str = ""
    dependency_check: str = ""
    clair: str = ""
    ecr: bool = False
    secret_scanning: bool = False


@dataclass(frozen=True, kw_only=True)
class GitHub(Closed):
    """The repository on GitHub, and its workflows.

    repository: OWNER/NAME. owner_id, repository_id: GitHub's numbers of the two; repositories that
    are younger than July 2026 have them in the subject of their tokens. name: of this application's
    workflows where the repository has several: shop writes shop-ci-cd.yml, which runs where its
    folder changed. main: the branch that is released. branches: environment → the branch whose
    pushes are deployed there; what is not named is main's for production, develop's for
    development, staging's for staging. roles: environment → the ARN of the role to take on; empty:
    made from the names and aws.account. install: the commands that make Shipway runnable, command:
    how it is called after them, both from the repository's top; empty: from .github/shipway.txt, by
    hash. python: its version. runner: the label of the machines. timeout: minutes that a job may
    take. retention_days: of artifacts. codecov: upload coverage there. visibility: who sees the
    repository (an internal one is private); empty is taken for public. codeql, dependency_review:
    GitHub's own scanners, which a private repository has with GitHub Code Security. attest: sign
    where a release came from, which a private repository can with Enterprise Cloud. Unset, the
    three are on in a public repository. oidc_subject: whether tokens name the repository with the
    two numbers (immutable), or without them (name), as repositories from before 15 July 2026 do
    that have not opted in. role_sessions: environment → the seconds that its role in `roles` allows
    a session to last (MaxSessionDuration); AWS's default is 3600.
    """

    repository: str = ""
    owner_id: str = ""
    repository_id: str = ""
    oidc_subject: Literal["immutable", "name"] = "immutable"
    visibility: Literal["", "public", "private"] = ""
    name: str = ""
    main: str = "main"
    branches: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    role_sessions: dict[str, Annotated[int, Ge(900), Le(43200)]] = field(default_factory=dict)
    install: tuple[str, ...] = ()
    command: str = ""
    python: str = "3.12"
    runner: str = "ubuntu-24.04"
    timeout: Annotated[int, Gt(0), Le(360)] = 30
    retention_days: Annotated[int, Ge(1), Le(90)] = 14
    codecov: bool = False
    codeql: bool | None = None
    dependency_review: bool | None = None
    attest: bool | None = None
    scanners: Scanners = field(default_factory=Scanners)


ECR = "ecr"  # as a registry: the account's own in the region of [aws]


@dataclass(frozen=True, kw_only=True)
class Image(Closed):
    """The application's image.

    builder: what builds it; `auto` takes the first that works of docker, podman and buildah.
    registry: host, with port and path where it has them (`registry.example.org:5000/town`), or
    `ecr` for the account's own; empty where nothing is published (with an environment of the
    platform `ecs`: `ecr`). repository: empty for the application's name. plain_http: the registry
    speaks no TLS; one on this machine is asked without in any case. python_image: the build
    argument PYTHON_IMAGE; empty for the Dockerfile's own. args: further build arguments, never
    secrets: they can be read in the image. source: where the source code is, for the image's
    labels. size_mb: the most that all layers may weigh unpacked, in MB (10^6 bytes); added_mb:
    those above the base. isolation: buildah's (`chroot` where it may not make namespaces).
    timeout: seconds for a build. registry_scan: whether ECR's own scan has its say before an image
    gets its tags; scan_timeout: seconds to wait for it.
    kept: images that ECR keeps, beside those that an environment's tag names.
    """

    builder: Literal["auto", "docker", "podman", "buildah"] = "auto"
    registry: str = ""
    repository: str = ""
    plain_http: bool = False
    python_image: str = ""
    args: dict[str, str] = field(default_factory=dict)
    source: str = ""
    size_mb: Annotated[float, Gt(0)] | None = None
    added_mb: Annotated[float, Gt(0)] | None = None
    isolation: Literal["", "oci", "rootless", "chroot"] = ""
    timeout: Seconds = 1800.0
    registry_scan: bool = True
    scan_timeout: Seconds = 300.0
    kept: Annotated[int, Gt(0)] = 50


# `[notify]`: who is told of rollouts, and of runs of the main branch.

EventName = Literal["started", "deployed", "rolled back", "held", "failed"]
RunEventName = Literal["failed", "recovered"]


@dataclass(frozen=True, kw_only=True)
class Notify(Closed):
    """Messages about rollouts and runs, to Slack and to any webhook. Addresses and secrets stay
    outside: the settings name the variables that hold them.

    slack: variable with the address of an incoming webhook. slack_token: variable with a bot
    token (scope chat:write), which posts to slack_channel. slack_channel: a channel's name or id.
    webhook: variable with the address that gets every message as JSON. webhook_secret: variable
    with the secret that signs them (header webhook-signature, as Standard Webhooks has it).
    events: which events of rollouts are told. environments: environment → its events, instead of
    those. runs: which events of the main branch's whole runs in a CI are told. timeout: seconds
    that telling may take, all attempts together.
    """

    slack: str = ""
    slack_token: str = ""
    slack_channel: str = ""
    webhook: str = ""
    webhook_secret: str = ""
    events: tuple[EventName, ...] = ("started", "deployed", "rolled back", "held", "failed")
    environments: dict[str, tuple[EventName, ...]] = field(default_factory=dict)
    runs: tuple[RunEventName, ...] = ("failed", "recovered")
    timeout: Annotated[float, Gt(0), Le(300)] = 30.0

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables that hold something secret."""
        names = (self.slack, self.slack_token, self.webhook, self.webhook_secret)
        return tuple(name for name in names if name)


# `[services]`: what tests, the load test and the environments on this machine find running.

ServiceName = Literal[
    "postgres",
    "redis",
    "mysql",
    "mongodb",
    "rabbitmq",
    "memcached",
    "elasticsearch",
    "opensearch",
    "s3",
]


@dataclass(frozen=True)
class Service(Closed):
    """One service: tests get a new one for a step, each environment of the platform `local` one of
    its own, whose data stay until `shipway clean`.

    version: the major one, as in "15"; where another is found it is used, and said. env:
    variable → its value, in which {url}, {host}, {port}, {user}, {password} and {database} are
    filled in; empty for the usual one (DATABASE_URL, REDIS_URL). A variable that an environment
    sets itself wins; a service none of whose variables is left is not started there. image: for
    docker or podman, by tag or digest; empty for the official one of this version. tls: whether the
    application asks for TLS (sslmode=require), with PostgreSQL. timeout: seconds until it has to
    answer.
    """

    version: Text
    env: dict[str, str] = field(default_factory=dict)
    image: str = ""
    timeout: Seconds = 60.0
    tls: bool = False


def in_long_form(data: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with `postgres = "15"` written as `[services.postgres] version = "15"`."""
    services = data.get("services")
    if not isinstance(services, Mapping):
        return dict(data)
    long = {
        name: {"version": str(value)}
        if isinstance(value, str | int | float) and not isinstance(value, bool)
        else value
        for name, value in services.items()
    }
    return {**data, "services": long}


# What a team may say about how its rollouts are judged.

Chance = Annotated[float, Gt(0), Lt(1)]


@dataclass(frozen=True, kw_only=True)
class JudgeSettings:
    """`[environments.NAME.judge]`. Times are seconds, rates and tolerances shares of 1.

    alpha: the chance at most that a release as good as the baseline is rolled back, however long
    one watches. beta: the chance at most that one at a limit is promoted. error_limit: a release
    is promoted only if it provably fails less often. error_odds: how many times the baseline's
    odds of failing are tolerated. latency_tolerance: promoted only if provably no slower than so
    much, or than latency_slack (milliseconds; a proxy counts whole ones) where that is more;
    latency_margin: rolled back only if provably slower than so much. latency: whether
    response times are judged at all. horizon: the longest time to watch, the warm-up not
    counted. min_requests: of the candidate, before it may be promoted. warm_up: from the
    candidate's first request on, what does not count. stale: without a request to the
    candidate. sticky: clients stay with one release, so that one client's errors come together.
    on_hold: what is decided at the horizon and without data.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    alpha: Chance = 0.01
    beta: Chance = 0.05
    error_limit: Chance = 0.01
    error_odds: Annotated[float, Ge(1)] = 1.0
    latency: bool = True
    latency_tolerance: Annotated[float, Gt(0)] = 0.2
    latency_slack: Annotated[float, Ge(0)] = 5.0
    latency_margin: Annotated[float, Ge(0)] = 0.05
    horizon: Annotated[float, Gt(0)] = 1800.0
    min_requests: Annotated[int, Ge(1)] = 100
    warm_up: Annotated[float, Ge(0)] = 0.0
    stale: Annotated[float, Gt(0)] = 60.0
    sticky: bool = False
    on_hold: Literal["hold", "roll back"] = "hold"
