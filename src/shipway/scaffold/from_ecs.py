"""An environment from a service that runs on ECS already: what it is, and what is written of it.

Nothing in AWS is changed. Field names are those of the API references of ECS (2014-11-13),
Elastic Load Balancing (2015-12-01), CloudWatch and Application Auto Scaling.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar, get_args

from shipway.aws.errors import error_code, to_shipway_error, translate_aws_errors
from shipway.config.aws import NO_ROLE
from shipway.config.names import NAME_RULE, is_name
from shipway.config.secret_values import holds_a_password, names_a_secret
from shipway.errors import ConfigError
from shipway.rollouts.ecs.task_definition import MEMORY

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricAlarmTypeDef
    from types_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        LoadBalancerTypeDef,
        ServiceTypeDef,
        TaskDefinitionTypeDef,
    )
    from types_boto3_elbv2.type_defs import (
        ListenerTypeDef,
        RuleTypeDef,
        TargetGroupAttributeTypeDef,
        TargetGroupTypeDef,
    )
    from types_boto3_elbv2.type_defs import LoadBalancerTypeDef as BalancerTypeDef

    from shipway.ports import Clients

# What runs: the service and what is around it, as AWS describes it.


@dataclass(frozen=True)
class ScalingLimits:
    """Between how many tasks Application Auto Scaling keeps the service."""

    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class RunningService:
    """A service as AWS describes it.

    balancers: the service's own settings of load balancers. target_groups: those that they name,
    attributes: of the first. listeners, rules: of their load balancers; rules only those that
    forward to one of the groups. alarms: names of alarms on the service's metrics. unread: what
    could not be looked at, and why, a sentence each.
    """

    cluster: str
    service: ServiceTypeDef
    definition: TaskDefinitionTypeDef
    balancers: tuple[LoadBalancerTypeDef, ...] = ()
    target_groups: tuple[TargetGroupTypeDef, ...] = ()
    attributes: tuple[TargetGroupAttributeTypeDef, ...] = ()
    load_balancers: tuple[BalancerTypeDef, ...] = ()
    listeners: tuple[ListenerTypeDef, ...] = ()
    rules: tuple[RuleTypeDef, ...] = ()
    priorities: tuple[int, ...] = ()
    scaling: ScalingLimits | None = None
    alarms: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The service's name."""
        return self.service.get("serviceName", "")

    @property
    def controller(self) -> str:
        """What deploys it: ECS, CODE_DEPLOY or EXTERNAL."""
        return self.service.get("deploymentController", {}).get("type", "ECS")

    @property
    def containers(self) -> Sequence[ContainerDefinitionOutputTypeDef]:
        """All containers of the task definition."""
        return self.definition.get("containerDefinitions", ())


Answer = TypeVar("Answer")
_AUTOSCALING = "TargetTracking-"  # begins the names of alarms that autoscaling makes for itself


def read_service(clients: Clients, reference: str) -> RunningService:
    """What runs as `CLUSTER/SERVICE`.

    Raises ConfigError where the reference is none, or there is no such service, with those that
    there are. What only completes the picture and cannot be read is noted.
    """
    cluster, name = _cluster_and_service(reference)
    if not (cluster and name):
        raise ConfigError(
            f"--from-ecs: CLUSTER/SERVICE is wanted, found {reference!r}",
            "aws ecs list-clusters and aws ecs list-services --cluster NAME print them.",
            code="unknown-name",
        )
    service = _service(clients, cluster, name)
    task_set = next(
        (row for row in service.get("taskSets", ()) if row.get("status") == "PRIMARY"), None
    )
    arn = service.get("taskDefinition") or (task_set or {}).get("taskDefinition", "")
    if not arn:
        raise ConfigError(
            f"the service {reference} has no task definition: nothing runs there yet",
            "Deploy to it once as you do now, then ask again.",
            code="no-stack",
        )
    with translate_aws_errors():
        definition = clients.client("ecs").describe_task_definition(taskDefinition=arn)
    balancers = service.get("loadBalancers") or (task_set or {}).get("loadBalancers", [])
    return _Surroundings(clients, cluster, name).complete(
        service, definition["taskDefinition"], balancers
    )


def _cluster_and_service(reference: str) -> tuple[str, str]:
    """Of `CLUSTER/SERVICE`, or of the service's ARN; both empty for what is neither."""
    path = re.sub(r"arn:[\w-]+:ecs:[\w-]+:\d+:(service|cluster)/", "", reference, count=1)
    match = re.fullmatch(r"([\w-]+)/([\w-]+)", path, re.ASCII)
    return (match[1], match[2]) if match else ("", "")


def _service(clients: Clients, cluster: str, name: str) -> ServiceTypeDef:
    from botocore.exceptions import BotoCoreError, ClientError

    ecs = clients.client("ecs")
    try:
        services = ecs.describe_services(cluster=cluster, services=[name])["services"]
    except (BotoCoreError, ClientError) as error:
        if error_code(error) != "ClusterNotFoundException":
            raise to_shipway_error(error) from error
        with translate_aws_errors():
            known = ecs.list_clusters()["clusterArns"]
        raise _unknown("cluster", cluster, clients.region, known) from None
    active = [service for service in services if service.get("status") == "ACTIVE"]
    if not active:
        with translate_aws_errors():
            known = ecs.list_services(cluster=cluster)["serviceArns"]
        raise _unknown("service", f"{cluster}/{name}", clients.region, known)
    return active[0]


def _unknown(kind: str, name: str, region: str, arns: Sequence[str]) -> ConfigError:
    names = ", ".join(sorted(arn.rpartition("/")[2] for arn in arns)[:20])
    return ConfigError(
        f"there is no {kind} {name} in {region}",
        f"There are: {names}." if names else "Look at the region and at AWS_PROFILE.",
        code="unknown-name",
    )


class _Surroundings:
    """Reads what is around a service; what it may not read is noted."""

    def __init__(self, clients: Clients, cluster: str, name: str) -> None:
        self._clients, self._cluster, self._name = clients, cluster, name
        self._unread: list[str] = []

    def complete(
        self,
        service: ServiceTypeDef,
        definition: TaskDefinitionTypeDef,
        configured: Sequence[LoadBalancerTypeDef],
    ) -> RunningService:
        arns = [row["targetGroupArn"] for row in configured if row.get("targetGroupArn")]
        elb = self._clients.client("elbv2")
        groups = self._asked(
            "the target groups",
            lambda: elb.describe_target_groups(TargetGroupArns=arns)["TargetGroups"],
            wanted=bool(arns),
        )
        groups = sorted(groups, key=lambda group: arns.index(str(group.get("TargetGroupArn"))))
        attributes = self._asked(
            "the target group's attributes",
            lambda: elb.describe_target_group_attributes(TargetGroupArn=arns[0])["Attributes"],
            wanted=bool(arns),
        )
        every = [arn for group in groups for arn in group.get("LoadBalancerArns", ())]
        owners = list(dict.fromkeys(every))
        balancers = self._asked(
            "the load balancer",
            lambda: elb.describe_load_balancers(LoadBalancerArns=owners)["LoadBalancers"],
            wanted=bool(owners),
        )
        listeners = [listener for arn in owners for listener in self._listeners(arn)]
        rules = [
            rule
            for listener in listeners
            for rule in self._rules(str(listener.get("ListenerArn", "")))
        ]
        return RunningService(
            cluster=self._cluster,
            service=service,
            definition=definition,
            balancers=tuple(configured),
            target_groups=tuple(groups),
            attributes=tuple(attributes),
            load_balancers=tuple(balancers),
            listeners=tuple(listeners),
            rules=tuple(rule for rule in rules if set(forwarded_groups(rule)) & set(arns)),
            priorities=tuple(
                int(rule["Priority"]) for rule in rules if rule.get("Priority", "").isdigit()
            ),
            scaling=self._scaling(),
            alarms=tuple(self._alarms(groups)),
            unread=tuple(self._unread),
        )

    def _listeners(self, balancer: str) -> list[ListenerTypeDef]:
        pages = self._clients.client("elbv2").get_paginator("describe_listeners")
        return self._asked(
            "the listeners",
            lambda: [
                listener
                for page in pages.paginate(LoadBalancerArn=balancer)
                for listener in page["Listeners"]
            ],
        )

    def _rules(self, listener: str) -> list[RuleTypeDef]:
        pages = self._clients.client("elbv2").get_paginator("describe_rules")
        return self._asked(
            "the listener rules",
            lambda: [
                rule for page in pages.paginate(ListenerArn=listener) for rule in page["Rules"]
            ],
        )

    def _scaling(self) -> ScalingLimits | None:
        targets = self._asked(
            "autoscaling",
            lambda: self._clients.client("application-autoscaling").describe_scalable_targets(
                ServiceNamespace="ecs", ResourceIds=[f"service/{self._cluster}/{self._name}"]
            )["ScalableTargets"],
        )
        if not targets:
            return None
        return ScalingLimits(targets[0]["MinCapacity"], targets[0]["MaxCapacity"])

    def _alarms(self, groups: Sequence[TargetGroupTypeDef]) -> Iterator[str]:
        """Names of alarms on the usual metrics, autoscaling's own left out."""
        names: set[str] = set()
        for metric in _metrics(self._cluster, self._name, groups):
            alarms = self._asked("the alarms", partial(self._alarms_on, metric))
            names |= {alarm["AlarmName"] for alarm in alarms}
        yield from sorted(name for name in names if not name.startswith(_AUTOSCALING))

    def _alarms_on(self, metric: _Metric) -> Sequence[MetricAlarmTypeDef]:
        pairs: list[DimensionTypeDef] = [
            {"Name": key, "Value": value} for key, value in metric.dimensions
        ]
        return self._clients.client("cloudwatch").describe_alarms_for_metric(
            MetricName=metric.name, Namespace=metric.namespace, Dimensions=pairs
        )["MetricAlarms"]

    def _asked(
        self, what: str, ask: Callable[[], Sequence[Answer]], *, wanted: bool = True
    ) -> list[Answer]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return list(ask()) if wanted else []
        except (BotoCoreError, ClientError) as error:
            sentence = f"{what}: {error_code(error) or type(error).__name__}"
            if sentence not in self._unread:
                self._unread.append(sentence)
            return []


class _Metric(NamedTuple):
    namespace: str
    name: str
    dimensions: list[tuple[str, str]]


def _metrics(cluster: str, service: str, groups: Sequence[TargetGroupTypeDef]) -> Iterator[_Metric]:
    """The metrics of a service that people put alarms on."""
    place = [("ClusterName", cluster), ("ServiceName", service)]
    for name in ("CPUUtilization", "MemoryUtilization"):
        yield _Metric("AWS/ECS", name, place)
    for group in groups[:1]:
        ending = str(group.get("TargetGroupArn", "")).rpartition(":")[2]
        for arn in group.get("LoadBalancerArns", ())[:1]:
            balancer = [("LoadBalancer", arn.partition(":loadbalancer/")[2])]
            for name in ("HTTPCode_Target_5XX_Count", "TargetResponseTime", "UnHealthyHostCount"):
                yield _Metric("AWS/ApplicationELB", name, balancer)
                yield _Metric("AWS/ApplicationELB", name, [*balancer, ("TargetGroup", ending)])


def forwarded_groups(rule: RuleTypeDef) -> Iterator[str]:
    """The target groups that a listener's rule sends requests to."""
    for action in rule.get("Actions", ()):
        if "TargetGroupArn" in action:
            yield action["TargetGroupArn"]
        for group in action.get("ForwardConfig", {}).get("TargetGroups", ()):
            yield str(group.get("TargetGroupArn", ""))


# What is written of it. Pure from here on.

_BARE = re.compile(r"[A-Za-z0-9_-]+")  # a key that TOML takes without quotes
Level = Literal["is", "stays", "changes", "first", "without"]
LEVELS: tuple[Level, ...] = get_args(Level)
_PROXIES = re.compile(
    r"(^|/)(nginx|envoy|aws-appmesh-envoy|httpd|haproxy|traefik|caddy|oauth2-proxy|pgbouncer|"
    r"cloudflared|aws-xray-daemon|xray|aws-for-fluent-bit|fluent-bit|fluentd|firelens|agent|"
    r"aws-otel-collector|opentelemetry-collector[\w-]*|otel[\w-]*|cloudwatch-agent|datadog-agent|"
    r"newrelic-infra|vector|vault)([:@]|$)"
)
_FARGATE = {"FARGATE", "FARGATE_SPOT"}
_STRATEGIES = {
    "ROLLING": "rolling",
    "BLUE_GREEN": "blue-green",
    "LINEAR": "linear",
    "CANARY": "canary",
}
_SHIFTING = ("alternateTargetGroupArn", "productionListenerRule", "roleArn")
_IMAGE = re.compile(r"(?P<name>[^@]+?)(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?")
_ECR = re.compile(r"(\d{12})\.dkr\.ecr(?:-fips)?\.([\w-]+)\.amazonaws\.com(?:\.cn)?")
_CDK_ASSETS = re.compile(r"cdk-[a-z0-9]+-container-assets-")
_DOCKER_HUB = "docker.io"


@dataclass(frozen=True)
class Remark:
    """A sentence for a person. level: what the service `is`; what `stays` as it is; what the first
    deploy `changes`; what has to happen `first`; what Shipway does `without`."""

    level: Level
    sentence: str


@dataclass
class EnvironmentProposal:
    """tables: of shipway.toml, by their names below `environments.NAME`; "" is that table itself.
    image: `[image]`. region, account: of `[aws]`."""

    name: str
    tables: dict[str, dict[str, object]]
    image: dict[str, object]
    region: str = ""
    account: str = ""
    remarks: list[Remark] = field(default_factory=list)

    def settings(self) -> dict[str, dict[str, object]]:
        """table → key → value, in order."""
        tables: dict[str, dict[str, object]] = {}
        for name, values in self.tables.items():
            key = self.name if _BARE.fullmatch(self.name) else f'"{self.name}"'
            tables[".".join(filter(None, ("environments", key, name)))] = values
        if self.image:
            tables["image"] = self.image
        if self.region:
            tables["aws"] = {"region": self.region, "account": self.account}
        return tables


def can_shift_traffic(running: RunningService) -> bool:
    """Whether the service has what blue-green, linear and canary need."""
    extra = running.balancers[0].get("advancedConfiguration", {}) if running.balancers else {}
    return running.controller == "ECS" and all(extra.get(key) for key in _SHIFTING)


def propose_environment(running: RunningService, environment: str = "") -> EnvironmentProposal:
    """The environment for a service, and everything that a person should know of it.

    environment: its name; "" to take it from the names of cluster and service. Raises ConfigError
    where no container can be the application's.
    """
    container, port = _application_container(running)
    name = environment or _environment_name(running)
    if not is_name(name):
        raise ConfigError(
            f"--environment: {name!r} is no name of an environment",
            f"{NAME_RULE[0].upper()}{NAME_RULE[1:]}.",
            code="unknown-name",
        )
    remarks: list[Remark] = []
    ecs = _ecs_table(running, container, port)
    tables = {"": {"platform": "ecs", **_strategy(running)}, "ecs": ecs}
    arn = running.service.get("serviceArn", "").split(":")
    region, account = (arn[3], arn[4]) if len(arn) > 5 else ("", "")
    image = published_image(str(container.get("image", "")), account, region, remarks)
    sentences: dict[Level, Iterator[str]] = {
        "is": _what_it_is(running, container, port),
        "stays": _what_stays(running, container),
        "changes": _what_changes(running, container),
        "first": _what_comes_first(running, container),
        "without": _what_is_missing(running, container),
    }
    remarks += [Remark(level, text) for level, texts in sentences.items() for text in texts]
    remarks.sort(key=lambda remark: LEVELS.index(remark.level))
    return EnvironmentProposal(name, tables, image, region, account, remarks)


def _environment_name(running: RunningService) -> str:
    parts = re.split(r"[^a-z]+", f"{running.cluster}-{running.name}".lower())
    for short, name in (
        ("dev", "development"),
        ("development", "development"),
        ("staging", "staging"),
        ("stage", "staging"),
        ("stg", "staging"),
        ("test", "test"),
        ("qa", "qa"),
        ("uat", "uat"),
    ):
        if short in parts:
            return name
    return "production"


def _application_container(
    running: RunningService,
) -> tuple[ContainerDefinitionOutputTypeDef, int]:
    """The container that gets releases, and its port: the one that the load balancer asks, unless
    that is a proxy in front of another one."""
    front = running.balancers[0] if running.balancers else {}
    essential = [row for row in running.containers if row.get("essential", True)]
    fronted = [row for row in running.containers if row.get("name") == front.get("containerName")]
    own = [row for row in (*fronted, *essential) if not _is_sidecar(row)]
    if not own:
        names = ", ".join(str(row.get("name")) for row in running.containers)
        raise ConfigError(
            f"the task definition of {running.name} has no container of an application; it has "
            f"{names or 'none'}",
            "Write the environment by hand: docs/ecs.md.",
            code="invalid-setting",
        )
    container = own[0]
    if container in fronted and front.get("containerPort"):
        return container, int(front["containerPort"])
    ports = [mapping.get("containerPort") for mapping in container.get("portMappings", ())]
    return container, next((int(port) for port in ports if port), 8000)


def _is_sidecar(container: ContainerDefinitionOutputTypeDef) -> bool:
    image = str(container.get("image", "")).partition("@")[0]
    return bool(_PROXIES.search(image)) or "firelensConfiguration" in container


def _ecs_table(
    running: RunningService,
    container: ContainerDefinitionOutputTypeDef,
    port: int,
) -> dict[str, object]:
    definition = running.definition
    cpu, memory = _size(definition)
    table: dict[str, object] = {
        "cluster": running.cluster,
        "service": running.name,
        "family": definition.get("family", ""),
        "container": container.get("name", ""),
        "container_port": port,
        "cpu": cpu,
        "memory": memory,
    }
    if definition.get("runtimePlatform", {}).get("cpuArchitecture") == "ARM64":
        table["architecture"] = "arm64"
    if role := definition.get("executionRoleArn"):
        table["execution_role"] = role
    table["task_role"] = definition.get("taskRoleArn") or NO_ROLE
    if group := container.get("logConfiguration", {}).get("options", {}).get("awslogs-group"):
        table["log_group"] = group
    if timeout := container.get("stopTimeout"):
        table["stop_timeout"] = min(120, max(2, timeout))
    alarms = running.service.get("deploymentConfiguration", {}).get("alarms", {})
    if alarms.get("enable") and alarms.get("alarmNames"):
        table["alarms"] = tuple(alarms["alarmNames"])
    return table


def _size(definition: TaskDefinitionTypeDef) -> tuple[int, int]:
    """CPU units and MiB of the task: its own, or what its containers have, as Fargate has it."""
    containers = definition.get("containerDefinitions", ())
    cpu = _units(str(definition.get("cpu", "")), 1024)
    memory = _units(str(definition.get("memory", "")), 1024)
    cpu = cpu or sum(row.get("cpu", 0) for row in containers)
    memory = memory or sum(
        row.get("memory") or row.get("memoryReservation", 0) for row in containers
    )
    return fargate_size(cpu, memory)


def fargate_size(cpu: int, memory: int) -> tuple[int, int]:
    """The smallest size of Fargate that has so many CPU units and MiB; its largest where none."""
    sizes = [(c, m) for c, steps in MEMORY.items() for m in steps if c >= cpu and m >= memory]
    return min(sizes, default=(max(MEMORY), max(MEMORY[max(MEMORY)])))


def _units(text: str, factor: int) -> int:
    """`512`, `.5 vCPU` or `1 GB` as whole units; 0 for what says nothing."""
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*(vcpu|gb)?\s*", text, re.IGNORECASE)
    return round(float(match[1]) * (factor if match[2] else 1)) if match else 0


def _strategy(running: RunningService) -> dict[str, object]:
    configured = running.service.get("deploymentConfiguration", {})
    strategy = _STRATEGIES.get(str(configured.get("strategy", "ROLLING")), "rolling")
    if not can_shift_traffic(running):
        strategy = "rolling"
    table: dict[str, object] = {"strategy": strategy}
    if strategy == "canary" and (canary := configured.get("canaryConfiguration", {})):
        table["canary_percent"] = canary.get("canaryPercent", 10.0)
    if strategy == "linear" and (linear := configured.get("linearConfiguration", {})):
        table["step_percent"] = linear.get("stepPercent", 20.0)
    if strategy == "rolling":
        healthy = configured.get("minimumHealthyPercent", 100)
        if healthy != 100:
            table["minimum_healthy"] = healthy
        more = configured.get("maximumPercent", 200) - 100
        batch = running.service.get("desiredCount", 0) * more // 100
        if batch > 1:
            table["batch"] = min(32, batch)
    return table


def published_image(
    reference: str, account: str, region: str, remarks: list[Remark]
) -> dict[str, object]:
    """`[image]`: where the image is published now."""
    match = _IMAGE.fullmatch(reference)
    host, _, path = match["name"].partition("/") if match else ("", "", "")
    if "." not in host and ":" not in host and host != "localhost":
        host, path = _DOCKER_HUB, match["name"] if match else ""
    if not path:
        return {}
    ecr = _ECR.fullmatch(host)
    if _CDK_ASSETS.match(path):
        remarks.append(
            Remark(
                "first",
                f"its image is among CDK's assets ({path}), which CDK removes when it likes: name "
                "an ECR repository of its own in [image] repository",
            )
        )
        return {}
    if ecr and (ecr[1], ecr[2]) == (account, region):
        return {"registry": "ecr", "repository": path}
    if host == _DOCKER_HUB:
        remarks.append(
            Remark(
                "first",
                f"the image {path} is on Docker Hub: say in [image] where releases are published",
            )
        )
        return {}
    return {"registry": host, "repository": path}


def _what_it_is(
    running: RunningService, container: ContainerDefinitionOutputTypeDef, port: int
) -> Iterator[str]:
    service = running.service
    revision = str(running.definition.get("taskDefinitionArn", "")).rpartition("/")[2]
    yield (
        f"{service.get('runningCount', 0)} of {service.get('desiredCount', 0)} tasks of {revision} "
        f"on {_capacity(running)}"
    )
    yield f"the application is the container {container.get('name')} on port {port}"
    for balancer in running.load_balancers:
        kind = balancer.get("Type", "application")
        yield f"behind the {kind} load balancer {balancer.get('DNSName', '')}"
    for group in running.target_groups:
        if path := group.get("HealthCheckPath"):
            codes = group.get("Matcher", {}).get("HttpCode", "200")
            yield f"its health check asks for {path} and expects {codes}"
    for rule in running.rules:
        if conditions := ", ".join(_conditions(rule)):
            yield f"a listener rule sends it {conditions}"


def _what_stays(
    running: RunningService, container: ContainerDefinitionOutputTypeDef
) -> Iterator[str]:
    service, definition = running.service, running.definition
    if running.scaling:
        yield f"autoscaling from {running.scaling.least} to {running.scaling.most} tasks"
    if beside := [str(row.get("name")) for row in running.containers if row is not container]:
        yield f"the containers beside it: {', '.join(beside)}"
    variables, secrets = container.get("environment", ()), container.get("secrets", ())
    if variables or secrets:
        yield f"{_count(variables, 'variable')} and {_count(secrets, 'secret')} of the container"
    kept = {
        "volumes": definition.get("volumes"),
        "Cloud Map service discovery": service.get("serviceRegistries"),
        "ECS Exec": service.get("enableExecuteCommand"),
        "Service Connect": any(
            deployment.get("serviceConnectConfiguration", {}).get("enabled")
            for deployment in service.get("deployments", ())
        ),
    }
    yield from (words for words, value in kept.items() if value)


def _what_changes(
    running: RunningService, container: ContainerDefinitionOutputTypeDef
) -> Iterator[str]:
    hooks = running.service.get("deploymentConfiguration", {}).get("lifecycleHooks", [])
    if hooks:
        yield f"{_count(hooks, 'lifecycle hook')} of the service: Shipway's pauses replace them"
    if "healthCheck" not in container:
        yield "the container gets a health check, which asks the application by python3"


def _what_is_missing(
    running: RunningService, container: ContainerDefinitionOutputTypeDef
) -> Iterator[str]:
    open_values = [
        row.get("name", "")
        for row in container.get("environment", ())
        if _is_open_secret(row.get("name", ""), row.get("value", ""))
    ]
    if open_values:
        yield (
            f"protection of {', '.join(sorted(open_values))}: by value in the task definition, for "
            "all who may read it; `shipway secret set` keeps it in Secrets Manager"
        )
    if running.alarms:
        yield (
            f"the alarms {', '.join(running.alarms)}: put those that should roll a deployment back "
            "into [ecs] alarms"
        )
    driver = container.get("logConfiguration", {}).get("logDriver", "awslogs")
    if driver != "awslogs":
        yield f"`shipway logs`: the container logs by {driver}, not to CloudWatch"
    if any(row.get("Type") == "network" for row in running.load_balancers):
        yield "the judge: a Network Load Balancer counts no requests and no errors"
    if more := len(running.balancers[1:]):
        yield (
            f"{more} of its {more + 1} target groups: the judge and the smoke tests ask the first"
        )
    yield from (f"what could not be read: {text}" for text in running.unread)


def _count(rows: Sequence[object], noun: str) -> str:
    return f"{len(rows)} {noun}{'' if len(rows) == 1 else 's'}"


def _is_open_secret(name: str, value: str) -> bool:
    return bool(value) and (names_a_secret(name) or holds_a_password(value))


def _capacity(running: RunningService) -> str:
    providers = running.service.get("capacityProviderStrategy", ())
    if providers:
        return ", ".join(
            f"{row.get('capacityProvider')} (weight {row.get('weight', 0)})" for row in providers
        )
    return str(running.service.get("launchType", "FARGATE"))


def _on_fargate(running: RunningService) -> bool:
    rows = running.service.get("capacityProviderStrategy", ())
    providers = {row.get("capacityProvider", "") for row in rows}
    if providers:
        return providers <= _FARGATE
    return running.service.get("launchType", "FARGATE") == "FARGATE"


def _conditions(rule: RuleTypeDef) -> Iterator[str]:
    """`host-header shop.example.org`, each condition."""
    for condition in rule.get("Conditions", ()):
        values = (
            condition.get("Values")
            or condition.get("HostHeaderConfig", {}).get("Values")
            or condition.get("PathPatternConfig", {}).get("Values")
        )
        if values:
            yield f"{condition.get('Field')} {' or '.join(values)}"


def _what_comes_first(
    running: RunningService, container: ContainerDefinitionOutputTypeDef
) -> Iterator[str]:
    """What has to change before `deploy` works."""
    definition = running.definition
    yield from _platform_obstacles(running)
    if running.controller != "ECS":
        yield f"it is deployed by {running.controller}: its deploymentController has to be ECS"
    if not definition.get("executionRoleArn"):
        yield (
            "its task definition has no execution role, without which no image comes from ECR: "
            "make one with AmazonECSTaskExecutionRolePolicy, and write it as [ecs] execution_role"
        )
    if not running.balancers:
        yield "it has no load balancer: nobody could reach the application, nor could it be judged"
    elif not any(row.get("targetGroupArn") for row in running.balancers):
        yield "it is behind a Classic Load Balancer: ECS shifts traffic by target groups only"
    if "logConfiguration" not in container:
        yield (
            "its container says nowhere where it logs: Shipway has it log to CloudWatch, into "
            "/APPLICATION/ENVIRONMENT/web, which has to be there (aws logs create-log-group), or "
            "into [ecs] log_group"
        )


def _platform_obstacles(running: RunningService) -> Iterator[str]:
    definition = running.definition
    if not _on_fargate(running):
        yield (
            f"it runs on {_capacity(running)}: Shipway deploys to Fargate only; the service has to "
            "be made again there, with awsvpc networking and target groups of type ip"
        )
    elif definition.get("networkMode") != "awsvpc":
        yield "its task definition has no awsvpc networking, which Fargate needs"
    family = definition.get("runtimePlatform", {}).get("operatingSystemFamily", "LINUX")
    if family != "LINUX":
        yield f"it runs {family}: Shipway's images are for Linux"
