"""Whether subnets and security groups exist, and the load balancer may reach the container."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from shipway.effects.aws_errors import code_of
from shipway.platforms.ecs.preflight.problem import Problem, looking, unseen
from shipway.platforms.ecs.preflight.subject import Subject

CHECK = "network"
_ALL = "-1"  # EC2's word for every protocol


def network(subject: Subject) -> list[Problem]:
    """Look at where the service's tasks get their addresses."""
    if not subject.service:
        return []
    if not subject.network.get("subnets"):
        return [
            Problem(
                CHECK, f"the service {subject.service_name} has no subnets (awsvpc)",
                f"Tasks on Fargate need some: {subject.apply}.",
            )
        ]  # fmt: skip
    found = _subnets(subject)
    groups, problems = _security_groups(subject, subject.network.get("securityGroups", ()))
    found += problems
    if not problems:
        found += _admission(subject, groups)
    return found


def _subnets(subject: Subject) -> list[Problem]:
    from botocore.exceptions import BotoCoreError, ClientError

    wanted = list(subject.network["subnets"])
    try:
        rows = subject.clients.client("ec2").describe_subnets(SubnetIds=wanted)["Subnets"]
    except (BotoCoreError, ClientError) as error:
        if code_of(error) == "InvalidSubnetID.NotFound":
            return [Problem(CHECK, _not_there("subnet", wanted), f"Correct it: {subject.apply}.")]
        return [unseen(CHECK, f"the subnets {', '.join(wanted)}", error)]
    free = sum(one.get("AvailableIpAddressCount", 0) for one in rows)
    needed = max(1, int(subject.service.get("desiredCount", 0)))
    if free < needed:
        return [
            Problem(
                CHECK, f"the subnets have {free} free addresses, a new set of tasks needs {needed}",
                "Add a subnet to the service, or end what takes their addresses.",
            )
        ]  # fmt: skip
    return []


def _security_groups(
    subject: Subject, wanted: Iterable[str]
) -> tuple[Sequence[Mapping[str, Any]], list[Problem]]:
    from botocore.exceptions import BotoCoreError, ClientError

    ids = list(wanted)
    if not ids:
        return [], []  # the VPC's default group, which admits only itself
    try:
        answer = subject.clients.client("ec2").describe_security_groups(GroupIds=ids)
    except (BotoCoreError, ClientError) as error:
        if code_of(error) in ("InvalidGroup.NotFound", "InvalidGroupId.NotFound"):
            gone = _not_there("security group", ids)
            return [], [Problem(CHECK, gone, f"Correct it: {subject.apply}.")]
        return [], [unseen(CHECK, f"the security groups {', '.join(ids)}", error)]
    rows: Sequence[Mapping[str, Any]] = answer["SecurityGroups"]
    return rows, []


def _not_there(kind: str, ids: Sequence[str]) -> str:
    if len(ids) == 1:
        return f"the {kind} {ids[0]} does not exist"
    return f"one of the {kind}s {', '.join(ids)} does not exist"


def _admission(subject: Subject, groups: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Whether some group of the tasks admits the load balancer on the container's port."""
    found: list[Problem] = []
    port = subject.settings.ecs.container_port
    with looking(CHECK, "the load balancer's security groups", found):
        for balancer in balancers(subject):
            theirs = set(balancer.get("SecurityGroups", ()))
            networks = _networks(subject, balancer)
            if not any(admits(one, port, theirs, networks) for one in groups):
                found.append(
                    Problem(
                        CHECK, f"no security group of the tasks admits the load balancer "
                        f"{balancer['LoadBalancerName']} on port {port}",
                        f"Allow TCP {port} from {' or '.join(sorted(theirs) or networks)}: "
                        f"{subject.apply}.",
                    )
                )  # fmt: skip
    return found


def balancers(subject: Subject) -> Sequence[Mapping[str, Any]]:
    """The load balancers of the service's target groups. Botocore's errors pass."""
    elb = subject.clients.client("elbv2")
    arns: set[str] = set()
    for group in subject.target_groups():
        for one in elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"]:
            arns |= set(one.get("LoadBalancerArns", ()))
    if not arns:
        return []
    answer = elb.describe_load_balancers(LoadBalancerArns=sorted(arns))
    rows: Sequence[Mapping[str, Any]] = answer["LoadBalancers"]
    return rows


def _networks(subject: Subject, balancer: Mapping[str, Any]) -> list[str]:
    """The address ranges of the load balancer's subnets."""
    ids = [zone["SubnetId"] for zone in balancer.get("AvailabilityZones", ())]
    if not ids:
        return []
    rows = subject.clients.client("ec2").describe_subnets(SubnetIds=ids)["Subnets"]
    return [one["CidrBlock"] for one in rows]


def admits(group: Mapping[str, Any], port: int, sources: set[str], networks: Sequence[str]) -> bool:
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
        ranges = [ip_network(one["CidrIp"]) for one in rule.get("IpRanges", ())]
        if networks and all(
            any(ip_network(one).subnet_of(wide) for wide in ranges)  # type: ignore[arg-type]  # IPv4 both
            for one in networks
        ):
            return True
    return False
