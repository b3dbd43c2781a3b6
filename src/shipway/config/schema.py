"""The configuration: what `shipway.toml` may say, with the default of everything.

Plain dataclasses; pydantic validates them (config/validation.py), and only when the text changed,
because importing it costs more than a whole unchanged run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Predicate

from shipway.config.aws import Aws, Ecs, Infrastructure, Monitoring
from shipway.config.health_check import HealthCheck, is_code_ranges
from shipway.config.names import Name, OptionalName, Pattern
from shipway.config.tables import (
    Cache,
    Closed,
    Cost,
    Count,
    GitHub,
    Image,
    JudgeSettings,
    Notify,
    Percent,
    Seconds,
    Service,
    ServiceName,
    Text,
)


@dataclass(frozen=True, kw_only=True)
class Application(Closed):
    """What is being shipped. What is empty is worked out from the files (scaffold/detection.py).

    name, version: what its releases are called by. packages: the Python packages that checks look
    into. python: the version that it runs on, as 3.12; empty: what uv takes. unit_tests,
    integration_tests, browser_tests: their folders. lock: the lock file, or a
    requirements file. serve: the command that serves it. migrate: the command that brings the
    database up to date. seed: the command that fills it, before the first good release. build: the
    command that makes, in the release's folder, what it needs and the repository does not have:
    static files, say. health: the path that is asked whether an instance may serve. health_codes:
    the statuses that say yes, as a load balancer's matcher has them. protocol: what `serve` speaks;
    http2 for gRPC. dockerfile: what the image is made from.
    """

    name: OptionalName = ""
    version: OptionalName = ""
    packages: tuple[str, ...] = ()
    python: str = ""  # 3.12, say: for the lock, the image, CI and tests
    unit_tests: str = ""
    integration_tests: str = ""
    browser_tests: str = ""
    test_runner: Literal["", "pytest", "django"] = ""  # django: manage.py test; "" is pytest
    lock: str = ""
    test_lock: str = ""  # where what tests need is locked apart from what is shipped
    local_packages: tuple[str, ...] = ()  # folders that the lock installs packages from
    serve: str = ""  # {bind}, {host}, {port}; gets BIND=host:port, RELEASE, WEB_CONCURRENCY
    migrate: str = ""
    seed: str = ""
    build: str = ""
    health: str = "/health/ready"
    health_codes: Annotated[str, Predicate(is_code_ranges)] = "200-299"
    protocol: Literal["http1", "http2"] = "http1"
    env: dict[str, str] = field(default_factory=dict)  # for tests and load; {data} is a folder
    dockerfile: str = ""
    dockerfiles: tuple[str, ...] = ()  # others beside it, which are checked as well
    image: str = ""  # an archive or OCI layout, made from the Dockerfile
    workflows: str = ""  # the folder of GitHub's workflows
    templates: tuple[str, ...] = ()  # CloudFormation templates
    release: tuple[Pattern, ...] = ()  # patterns of the files a release holds; empty: all of them

    @property
    def health_check(self) -> HealthCheck:
        """What is asked whether an instance may serve, and what it has to answer."""
        return HealthCheck(self.health, self.health_codes)


@dataclass(frozen=True)
class EndpointGate(Closed):
    """Limits for one critical endpoint, by the name that the load test gives it.

    p95_ms: milliseconds that 95 of 100 requests may take at most. error_rate: percent of the
    requests that may fail.
    """

    p95_ms: Annotated[float, Gt(0)] = 500.0
    error_rate: Percent = 0.0


@dataclass(frozen=True)
class FindingGates(Closed):
    """The most findings that may be open; what is not set has no limit.

    What a baseline has does not count. critical, high, medium, low: by severity. secrets: of any
    severity. licences: dependencies whose licence is not among `[security] licences`. tools: the
    most of one tool, whatever their severity.
    """

    critical: Count | None = 0
    high: Count | None = 0
    medium: Count | None = None
    low: Count | None = None
    secrets: Count | None = 0
    licences: Count | None = 0
    tools: dict[str, Count] = field(default_factory=dict)


@dataclass(frozen=True)
class Gates(Closed):
    """The limits that a change must keep.

    coverage: percent of the packages' code that tests have to run. known_failures: the file with
    the tests that failed before Shipway came: they are shown, and fail no run. own_rules: what
    becomes of a change that loosens these rules, compared with its base: `report` says so, with
    `review` it fails, with `base` the rules of the base count instead. flaky: what becomes of a
    test that fails and passes when it is run again: `report` names it in every output, with `fail`
    its step fails, but for tests that a waiver quarantines.
    """

    coverage: Percent = 80.0
    known_failures: str = ""
    findings: FindingGates = field(default_factory=FindingGates)
    endpoints: dict[str, EndpointGate] = field(default_factory=dict)
    own_rules: Literal["report", "review", "base"] = "report"
    flaky: Literal["report", "fail"] = "report"


@dataclass(frozen=True)
class Limits(Closed):
    """What one step may use at most; what reaches a limit is ended, and its step has failed.

    memory_gb: memory of all its processes together; 0: nine tenths of what this machine, or its
    container, has. processes: how many at once. output_mb: what it may print. timeout: seconds that
    a check may take; a step of the team's own has its own.
    """

    memory_gb: Annotated[float, Ge(0)] = 0.0
    processes: Annotated[int, Gt(0)] = 4096
    output_mb: Annotated[float, Gt(0)] = 1024.0
    timeout: Seconds = 1800.0


@dataclass(frozen=True)
class Performance(Closed):
    """The load test.

    locustfile: where it is. users: how many ask at once. seconds: how long. workers: processes of
    the application while it is asked.
    """

    locustfile: str = "load/locustfile.py"
    users: Annotated[int, Gt(0)] = 8
    seconds: Seconds = 10.0
    workers: Annotated[int, Gt(0)] = 2


@dataclass(frozen=True)
class Smoke(Closed):
    """One request after a rollout, and what must come back.

    path: what is asked for. status: its answer's. contains: text that is in it. json: key path
    ("items.0.code") → the value it must have; "*" for any value but none.
    """

    path: str
    status: int = 200
    json: dict[str, Any] = field(default_factory=dict)
    contains: str = ""


@dataclass(frozen=True)
class Pause(Closed):
    """Waits for a person at a stage of a rollout: `shipway resume`, or `shipway cancel`.

    timeout: seconds that a person has. on_timeout: what is done when nobody answers.
    """

    timeout: Seconds = 3600.0
    on_timeout: Literal["roll back", "continue"] = "roll back"


@dataclass(frozen=True, kw_only=True)
class Environment(Closed):
    """Where a release runs. In `env`, {data} stands for the environment's own data folder.

    platform: what runs it, this machine or AWS. host, port: where it is served. instances: how
    many serve. health_timeout: seconds until an instance has to be healthy. drain_timeout: seconds
    that a leaving instance has to finish its requests. env: variables of the instances.

    container: the program that runs instances as containers of the release's image; empty for
    processes. strategy: how a release is replaced. batch: instances that rolling starts together.
    minimum_healthy: percent that serves while rolling. canary_percent: canary's first share.
    step_percent: how much linear moves at once. step_bake: seconds to watch after a step. bake:
    after the last one; the old release is still there, but with rolling. failed_starts: rolling
    gives up after so many. judged: whether the judge may stop or hold a rollout. test_port: where
    the new release gets test traffic first; 0 for nowhere. sticky: a client stays with its
    release. probes: requests a second that Shipway sends to each release where people send fewer.
    pauses: stage → wait for a person there. lease_duration: seconds after which a rollout on this
    machine goes back by itself when the command that carries it out was killed, and none goes on.
    """

    platform: Literal["local", "ecs"] = "local"
    ecs: Ecs = field(default_factory=Ecs)
    infrastructure: Infrastructure = field(default_factory=Infrastructure)
    monitoring: Monitoring = field(default_factory=Monitoring)
    strategy: Literal["rolling", "blue-green", "linear", "canary"] = "rolling"
    container: Literal["", "docker", "podman"] = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Ge(0), Le(65535)] = 8080
    test_port: Annotated[int, Ge(0), Le(65535)] = 0
    instances: Annotated[int, Gt(0), Le(32)] = 2
    batch: Annotated[int, Gt(0), Le(32)] = 1
    minimum_healthy: Percent = 100.0
    canary_percent: Annotated[float, Ge(0.1), Le(100)] = 10.0
    step_percent: Annotated[float, Ge(3), Le(100)] = 20.0
    step_bake: Annotated[float, Ge(0)] = 10.0
    bake: Annotated[float, Ge(0)] = 5.0
    failed_starts: Annotated[int, Gt(0)] = 1
    judged: bool = True
    judge: JudgeSettings = field(default_factory=JudgeSettings)
    sticky: bool = False
    probes: Annotated[float, Ge(0), Le(50)] = 5.0
    pauses: dict[
        Literal[
            "PRE_SCALE_UP",
            "POST_SCALE_UP",
            "POST_TEST_TRAFFIC_SHIFT",
            "PRE_PRODUCTION_TRAFFIC_SHIFT",
            "POST_PRODUCTION_TRAFFIC_SHIFT",
        ],
        Pause,
    ] = field(default_factory=dict)
    health_timeout: Seconds = 30.0
    drain_timeout: Seconds = 30.0
    lease_duration: Seconds = 15.0
    env: dict[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()  # names of variables taken from the caller, never stored
    smoke: tuple[Smoke, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OwnStep(Closed):
    """A team's own step: `[steps.NAME]`.

    run: the command, without a shell. stage: where it belongs. needs: steps that have to pass
    before it. inputs: patterns of the files that it depends on; unchanged, it is not run again.
    env: variables that it may see. timeout: seconds. retries: how often it is tried again. cores:
    how many it uses. max_age: seconds until it runs again though nothing changed. branches: where
    it runs; empty: everywhere. sandbox: whether it is held to what a step needs; off for a step
    that needs sudo or starts containers without a daemon. shared: whether its outcome holds on
    every machine, so that `[cache]` shares it: it depends on `inputs` and `env` alone.
    """

    run: str | tuple[str, ...]
    stage: Literal["quality", "security", "test", "build", "publish", "deploy", "verify"] = "test"
    needs: tuple[str, ...] = ()
    inputs: tuple[Pattern, ...] = ("**",)
    env: tuple[str, ...] = ()
    timeout: Seconds = 600.0
    retries: Annotated[int, Ge(0), Le(10)] = 0
    cores: Annotated[int, Gt(0)] | Literal["all"] = 1
    max_age: Annotated[float, Ge(0)] | None = None
    branches: tuple[str, ...] = ()
    sandbox: bool = True
    shared: bool = False


@dataclass(frozen=True)
class Waiver(Closed):
    """An exception for findings: by `rule` (below `path`) or by `fingerprint`, until `expires`.

    reason: why it is none. owner: who says so. expires: the last day on which it holds. rule:
    the scanner's; `flaky-test` quarantines the test whose name is the path, as it is printed.
    path: pattern of the files it holds for. fingerprint: of one finding alone.
    """

    reason: Text
    owner: Text
    expires: date
    rule: str = ""
    fingerprint: str = ""
    path: str = "**"


@dataclass(frozen=True)
class Security(Closed):
    """The security stage.

    licences: SPDX names that dependencies may have. baseline: a SARIF file of what was there
    when Shipway came; what it holds does not count.
    """

    baseline: str = ""

    licences: tuple[str, ...] = (
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "LGPL-2.1-or-later",
        "LGPL-3.0-only",
        "LGPL-3.0-or-later",
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
        "Python-2.0",
        "Unlicense",
        "Zlib",
    )


@dataclass(frozen=True)
class Retention(Closed):
    """What is kept of the past; what runs, or is being rolled out, is always kept.

    releases: the last good ones of each environment. runs: those on record. logs_days: days
    that the log of an ended instance is kept.
    """

    releases: Annotated[int, Gt(0)] = 5
    runs: Annotated[int, Gt(0)] = 20
    logs_days: Annotated[float, Ge(0)] = 30.0


@dataclass(frozen=True, kw_only=True)
class Config(Closed):
    """All of shipway.toml.

    checks: check → whether it runs, where there is something for it: docs/checks.md; and
    `network`: whether unit tests may reach other machines.
    """

    application: Application = field(default_factory=Application)
    checks: dict[str, bool] = field(default_factory=dict)
    gates: Gates = field(default_factory=Gates)
    limits: Limits = field(default_factory=Limits)
    performance: Performance = field(default_factory=Performance)
    security: Security = field(default_factory=Security)
    waivers: tuple[Waiver, ...] = ()
    environments: dict[Name, Environment] = field(default_factory=dict)
    aws: Aws = field(default_factory=Aws)
    cache: Cache = field(default_factory=Cache)
    cost: Cost = field(default_factory=Cost)
    github: GitHub = field(default_factory=GitHub)
    image: Image = field(default_factory=Image)
    services: dict[ServiceName, Service] = field(default_factory=dict)
    notify: Notify = field(default_factory=Notify)
    retention: Retention = field(default_factory=Retention)
    steps: dict[Name, OwnStep] = field(default_factory=dict)
    env: tuple[str, ...] = ()  # variables that every step may see

    @property
    def network(self) -> bool:
        """Whether unit tests may reach other machines: a key of `[checks]`, and no check."""
        return self.checks.get("network", True)
