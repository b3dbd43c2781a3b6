"""Whether subnets and security groups exist, and the load balancer may reach the container."""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from ipaddress import ip_network
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from shipway.aws.errors import error_code
from shipway.rollouts.ecs.preflight.subject import (
    PreflightSubject,
    Problem,
    ProblemKind,
    report_unchecked,
    unchecked_problem,
)

if TYPE_CHECKING:
    from types_boto3_ec2.type_defs import SecurityGroupTypeDef
    from types_boto3_ecs.type_defs import LoadBalancerTypeDef
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_elbv2.type_defs import LoadBalancerTypeDef as ElasticLoadBalancerTypeDef
    from types_boto3_elbv2.type_defs import (
        TargetGroupTypeDef,
    )

Described = TypeVar("Described")

NETWORK = "network"
_ALL = "-1"  # EC2's word for every protocol


def check_network(subject: PreflightSubject) -> list[Problem]:
    """Look at where the service's tasks get their addresses."""
    if not subject.service:
        return []
    if not subject.network.get("subnets"):
        return [
            Problem(
                NETWORK,
                f"the service {subject.service_name} has no subnets (awsvpc)",
                f"Tasks on Fargate need some: {subject.apply}.",
            )
        ]
    result = _subnets(subject)
    groups, problems = _security_groups(subject, subject.network.get("securityGroups", ()))
    result += problems
    if not problems:
        result += _admission(subject, groups)
    return result


def _subnets(subject: PreflightSubject) -> list[Problem]:
    from botocore.exceptions import BotoCoreError, ClientError

    requested = list(subject.network["subnets"])
    try:
        rows = subject.clients.client("ec2").describe_subnets(SubnetIds=requested)["Subnets"]
    except (BotoCoreError, ClientError) as error:
        if error_code(error) == "InvalidSubnetID.NotFound":
            return [
                Problem(NETWORK, _not_there("subnet", requested), f"Correct it: {subject.apply}.")
            ]
        return [unchecked_problem(NETWORK, f"the subnets {', '.join(requested)}", error)]
    free = sum(subnet.get("AvailableIpAddressCount", 0) for subnet in rows)
    needed = max(1, int(subject.service.get("desiredCount", 0)))
    if free < needed:
        return [
            Problem(
                NETWORK,
                f"the subnets have {free} free addresses, a new set of tasks needs {needed}",
                "Add a subnet to the service, or end what takes their addresses.",
            )
        ]
    return []


def _security_groups(
    subject: PreflightSubject, requested: Iterable[str]
) -> tuple[Sequence[SecurityGroupTypeDef], list[Problem]]:
    from botocore.exceptions import BotoCoreError, ClientError

    ids = list(requested)
    if not ids:
        return [], []  # the VPC's default group, which admits only itself
    try:
        answer = subject.clients.client("ec2").describe_security_groups(GroupIds=ids)
    except (BotoCoreError, ClientError) as error:
        if error_code(error) in ("InvalidGroup.NotFound", "InvalidGroupId.NotFound"):
            gone = _not_there("security group", ids)
            return [], [Problem(NETWORK, gone, f"Correct it: {subject.apply}.")]
        return [], [unchecked_problem(NETWORK, f"the security groups {', '.join(ids)}", error)]
    return answer["SecurityGroups"], []


def _not_there(kind: str, ids: Sequence[str]) -> str:
    if len(ids) == 1:
        return f"the {kind} {ids[0]} does not exist"
    return f"one of the {kind}s {', '.join(ids)} does not exist"


def _admission(subject: PreflightSubject, groups: Sequence[SecurityGroupTypeDef]) -> list[Problem]:
    """Whether some group of the tasks admits the load balancer on the container's port."""
    problems: list[Problem] = []
    port = subject.settings.ecs.container_port
    with report_unchecked(NETWORK, "the load balancer's security groups", problems):
        for balancer in load_balancers_of(subject):
            theirs = set(balancer.get("SecurityGroups", ()))
            networks = _networks(subject, balancer)
            if not any(allows_traffic(group, port, theirs, networks) for group in groups):
                problems.append(
                    Problem(
                        NETWORK,
                        f"no security group of the tasks admits the load balancer "
                        f"{balancer['LoadBalancerName']} on port {port}",
                        f"Allow TCP {port} from {' or '.join(sorted(theirs) or networks)}: "
                        f"{subject.apply}.",
                    )
                )
    return problems


def load_balancers_of(subject: PreflightSubject) -> Sequence[ElasticLoadBalancerTypeDef]:
    """The load balancers of the service's target groups. Botocore's errors pass."""
    elb = subject.clients.client("elbv2")
    arns: set[str] = set()
    for group in subject.target_groups():
        for target_group in elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"]:
            arns |= set(target_group.get("LoadBalancerArns", ()))
    if not arns:
        return []
    answer = elb.describe_load_balancers(LoadBalancerArns=sorted(arns))
    return answer["LoadBalancers"]


def _networks(subject: PreflightSubject, balancer: ElasticLoadBalancerTypeDef) -> list[str]:
    """The address ranges of the load balancer's subnets."""
    ids = [zone["SubnetId"] for zone in balancer.get("AvailabilityZones", ())]
    if not ids:
        return []
    rows = subject.clients.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    return [subnet["CidrBlock"] for subnet in rows]


def allows_traffic(
    group: SecurityGroupTypeDef, port: int, sources: set[str], networks: Sequence[str]
) -> bool:
    """Whether a security group lets TCP in on a port from one of the groups `sources`, or from
    all of the address ranges `networks`. Prefix lists are not looked into."""
    for rule in group.get("IpPermissions", ()):
        protocol = rule.get("IpProtocol")
        if protocol not in (_ALL, "tcp"):
            continue
        low, high = rule.get("FromPort", 0), rule.get("ToPort", 65535)
        if protocol == "tcp" and not low <= port <= high:
            continue
        if sources & {pair.get("GroupId") for pair in rule.get("UserIdGroupPairs", ())}:
            return True
        ranges = [ip_network(entry["CidrIp"]) for entry in rule.get("IpRanges", ())]
        if networks and all(
            any(ip_network(network).subnet_of(wide) for wide in ranges)  # type: ignore[arg-type]  # IPv4 both
            for network in networks
        ):
            return True
    return False


# Whether target groups and listener rules are as ECS needs them for the strategy.
#
# Source: developer guide, "Application Load Balancer resources for blue/green, linear, and canary
# deployments": both target groups have to be on the production rule or on the test rule, else the
# deployment is rolled back for invalid networking.

LOAD_BALANCER = "load balancer"
_MISSING = ("TargetGroupNotFound", "RuleNotFound", "ListenerNotFound")


def check_load_balancer(subject: PreflightSubject) -> list[Problem]:
    """Look at what moves traffic."""
    if not subject.service:
        return []
    if not subject.load_balancers:
        return [
            Problem(
                LOAD_BALANCER,
                f"the service {subject.service_name} has no load balancer",
                f"Nobody could reach the application, nor could it be judged: {subject.apply}.",
            )
        ]
    problems = _groups(subject)
    for balancer in subject.load_balancers:
        if subject.two_groups:
            problems += _rules(subject, balancer)
    return problems


def _groups(subject: PreflightSubject) -> list[Problem]:
    problems: list[Problem] = []
    elb = subject.clients.client("elbv2")
    for arn in subject.target_groups():
        name = arn.split("/")[1] if "/" in arn else arn
        group = _described(
            partial(_group, elb, arn),
            f"the target group {name}",
            problems,
            subject,
        )
        if group and group["TargetType"] != "ip":
            problems.append(
                Problem(
                    LOAD_BALANCER,
                    f"the target group {name} takes targets of type {group['TargetType']}",
                    f"Tasks on Fargate are targets of type ip: {subject.apply}.",
                )
            )
        if group and not subject.two_groups and not group.get("LoadBalancerArns"):
            problems.append(
                Problem(
                    LOAD_BALANCER,
                    f"no listener sends requests to the target group {name}",
                    f"Add it to a listener's rule: {subject.apply}.",
                )
            )
    return problems


def _group(elb: ElasticLoadBalancingv2Client, arn: str) -> Sequence[TargetGroupTypeDef]:
    return elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]


def _rules(subject: PreflightSubject, configured: LoadBalancerTypeDef) -> list[Problem]:
    """Both target groups on the production rule, or on the test rule."""
    extra = configured.get("advancedConfiguration", {})
    missing = [
        key
        for key in ("alternateTargetGroupArn", "productionListenerRule", "roleArn")
        if not extra.get(key)
    ]
    if missing:
        return [
            Problem(
                LOAD_BALANCER,
                f"{subject.settings.strategy} needs the service's advancedConfiguration."
                f"{missing[0]}",
                f'Add it: {subject.apply}; or deploy with strategy = "rolling".',
            )
        ]
    both = {configured.get("targetGroupArn"), extra["alternateTargetGroupArn"]}
    problems: list[Problem] = []
    rules = [extra["productionListenerRule"], extra.get("testListenerRule")]
    sent = [set(_targets(subject, rule, problems)) for rule in rules if rule]
    if not problems and not any(both <= targets for targets in sent):
        problems.append(
            Problem(
                LOAD_BALANCER,
                "neither the production rule nor the test rule has both target groups: "
                "ECS would roll back for invalid networking",
                f"Put both on the production rule, one with weight 0: {subject.apply}.",
            )
        )
    return problems


def _targets(subject: PreflightSubject, arn: str, problems: list[Problem]) -> Iterator[str]:
    """The target groups that a rule, or a listener's default, forwards to."""
    elb = subject.clients.client("elbv2")
    if ":listener/" in arn:
        listener = _described(
            lambda: elb.describe_listeners(ListenerArns=[arn])["Listeners"],
            f"the listener {arn}",
            problems,
            subject,
        )
        actions = (listener or {}).get("DefaultActions", ())
    else:
        rule = _described(
            lambda: elb.describe_rules(RuleArns=[arn])["Rules"],
            f"the listener rule {arn}",
            problems,
            subject,
        )
        actions = (rule or {}).get("Actions", ())
    for action in actions:
        if "TargetGroupArn" in action:
            yield action["TargetGroupArn"]
        for group in action.get("ForwardConfig", {}).get("TargetGroups", ()):
            yield group["TargetGroupArn"]


def _described(
    ask: Callable[[], Sequence[Described]],
    what: str,
    problems: list[Problem],
    subject: PreflightSubject,
) -> Described | None:
    """The one thing that an answer describes; None, with a problem, where there is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    gone = Problem(LOAD_BALANCER, f"{what} does not exist", f"Make it: {subject.apply}.")
    try:
        rows = ask()
    except (BotoCoreError, ClientError) as error:
        missing = error_code(error).removesuffix("Exception") in _MISSING
        problems.append(gone if missing else unchecked_problem(LOAD_BALANCER, what, error))
        return None
    if not rows:
        problems.append(gone)
        return None
    return rows[0]


# Whether the application keeps connections longer than the load balancer does.
#
# A server that closes a connection first, while the load balancer sends a request over it, makes
# a 502 (Elastic Load Balancing, "Troubleshoot your Application Load Balancers": HTTP 502).

KEEP_ALIVE = "keep-alive"
_IDLE = 60  # seconds; an Application Load Balancer's own default


class ApplicationServer(NamedTuple):
    """How a server is told. default: seconds that it keeps a connection without being told."""

    option: str
    short: str
    setting: str
    variable: str
    default: float


# gunicorn: docs.gunicorn.org "Settings" (keepalive); uvicorn: uvicorn.org "Settings".
SERVERS = {
    "gunicorn": ApplicationServer("--keep-alive", "", "keepalive", "GUNICORN_CMD_ARGS", 2),
    "uvicorn": ApplicationServer("--timeout-keep-alive", "", "", "UVICORN_TIMEOUT_KEEP_ALIVE", 5),
}


def check_keep_alive(subject: PreflightSubject) -> list[Problem]:
    """Compare the server's keep-alive with the longest idle timeout of its load balancers."""
    problems: list[Problem] = []
    if not subject.service or not subject.load_balancers:
        return problems
    arguments = _command(subject)
    name = next((name for name in SERVERS if name in map(os.path.basename, arguments)), "")
    if not name:
        return [
            Problem(
                KEEP_ALIVE,
                "could not look how long the server keeps connections: it is no "
                + " or ".join(SERVERS),
                "Make sure that it keeps them longer than the load balancer's idle timeout.",
                ProblemKind.NOT_CHECKED,
            )
        ]
    idle = None
    with report_unchecked(KEEP_ALIVE, "the load balancer's idle timeout", problems):
        idle = _idle(subject)
    seconds = keep_alive_seconds(
        SERVERS[name], arguments, _environment(subject), _settings_file(subject, arguments)
    )
    if idle is None:
        return problems
    if seconds is None:
        return [
            Problem(
                KEEP_ALIVE,
                f"could not look how long {name} keeps connections: its settings compute it",
                f"Write a number, above {idle:g}.",
                ProblemKind.NOT_CHECKED,
            )
        ]
    if seconds <= idle:
        return [
            Problem(
                KEEP_ALIVE,
                f"{name} keeps connections for {seconds:g} s, the load balancer for "
                f"{idle:g} s: users would see 502 now and then",
                f"Set {SERVERS[name].setting or SERVERS[name].option} to {idle + 15:g}.",
            )
        ]
    return problems


def _command(subject: PreflightSubject) -> Sequence[str]:
    """What the container runs: the definition's command, or the application's `serve`."""
    command = [*subject.container.get("entryPoint", ()), *subject.container.get("command", ())]
    return command or shlex.split(subject.application.serve)


def _environment(subject: PreflightSubject) -> Mapping[str, str]:
    return {
        variable["name"]: variable["value"] for variable in subject.container.get("environment", ())
    }


def keep_alive_seconds(
    server: ApplicationServer, arguments: Sequence[str], environment: Mapping[str, str], file: str
) -> float | None:
    """Seconds that a server keeps an idle connection; None where its settings compute it.

    In the order in which servers weigh them: the command, the environment, the settings' file
    (its text), the default.
    """
    setting = environment.get(server.variable, "")
    for source in (arguments, shlex.split(setting)):
        if (value := _option(source, server.option)) is not None:
            return value
    if re.fullmatch(r"\d+(\.\d+)?", setting):
        return float(setting)
    return _assigned(file, server.setting) if server.setting else server.default


def _option(arguments: Sequence[str], option: str) -> float | None:
    text = "\0".join(arguments)
    match = re.search(rf"(?:^|\0){option}(?:=|\0)(\d+(?:\.\d+)?)(?:\0|$)", text)
    return float(match[1]) if match else None


def _assigned(text: str, name: str) -> float | None:
    """The number that a Python file assigns to a name at its top; gunicorn's default if none."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return None
    value: float | None = SERVERS["gunicorn"].default
    for node in body:
        names = [
            target.id for target in getattr(node, "targets", ()) if isinstance(target, ast.Name)
        ]
        if isinstance(node, ast.Assign) and name in names:
            constant = node.value.value if isinstance(node.value, ast.Constant) else None
            value = float(constant) if isinstance(constant, (int, float)) else None
    return value


def _settings_file(subject: PreflightSubject, arguments: Sequence[str]) -> str:
    """The text of gunicorn's settings in the release; "" where it has none.

    gunicorn looks for ./gunicorn.conf.py where -c does not name another.
    """
    name = "gunicorn.conf.py"
    for before, word in pairwise(arguments):
        if before in ("-c", "--config"):
            name = word
    for word in arguments:
        if word.startswith("--config="):
            name = word.partition("=")[2]
    root = os.path.realpath(subject.release.path)
    path = os.path.realpath(os.path.join(root, name.removeprefix("file:")))
    if not path.startswith(root + os.sep):  # a release's file, and no other of this machine
        return ""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _idle(subject: PreflightSubject) -> float:
    """The longest idle timeout, in seconds. Botocore's errors pass."""
    elb = subject.clients.client("elbv2")
    timeouts = [0.0]
    for balancer in load_balancers_of(subject):
        answer = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
        attributes = {row["Key"]: row["Value"] for row in answer["Attributes"]}
        timeouts.append(float(attributes.get("idle_timeout.timeout_seconds", _IDLE)))
    return max(timeouts)
