"""An environment as the stacks make it: in moto what moto does right, ECS and IAM's simulator by
answers that are given here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shipway.aws.clients import AwsClients, identify_account
from shipway.aws.names import Account, AwsResourceNames
from shipway.config.aws import Aws, Ecs
from shipway.config.health_check import HealthCheck
from shipway.config.schema import Application, Environment
from shipway.errors import Unreachable
from shipway.ports import Response
from shipway.releases.release import Release
from shipway.rollouts.ecs.preflight.subject import PreflightSubject
from shipway.rollouts.ecs.task_definition import render_task_definition

REGION = "eu-west-1"
NUMBER = "123456789012"
NAMES = AwsResourceNames("web", "production")
ACCOUNT = Account(NUMBER, REGION, "aws", f"arn:aws:iam::{NUMBER}:user/ann")


def refused(code: str, operation: str) -> Exception:
    """What botocore raises."""
    from botocore.exceptions import ClientError

    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@dataclass
class AnsweringEcs:
    """ECS as far as a preflight asks. error: raised by every call instead."""

    services: list[dict[str, Any]] = field(default_factory=list)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    def describe_services(self, cluster: str, services: list[str]) -> dict[str, Any]:
        if self.error:
            raise self.error
        return {"services": [one for one in self.services if one["serviceName"] in services]}

    def list_service_deployments(
        self, cluster: str, service: str, status: list[str]
    ) -> dict[str, Any]:
        if self.error:
            raise self.error
        return {"serviceDeployments": [one for one in self.deployments if one["status"] in status]}


@dataclass
class Simulating:
    """A client of IAM with the simulator that moto lacks."""

    client: Any
    decision: str = "allowed"
    error: Exception | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    def simulate_principal_policy(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if self.error:
            raise self.error
        return {"EvaluationResults": [{"EvalDecision": self.decision}]}


class Refusing:
    """A client that may do nothing but what is named."""

    def __init__(self, client: Any, *allowed: str) -> None:
        self._client = client
        self._allowed = allowed

    def __getattr__(self, name: str) -> Any:
        if name in self._allowed:
            return getattr(self._client, name)

        def refuse(*_: Any, **__: Any) -> Any:
            raise refused("AccessDeniedException", name)

        return refuse


# Clients take long to make, and hold nothing of an account: all tests share them. They have to be
# made after moto is imported, inside mock_aws.
_CLIENTS = AwsClients(Aws(region=REGION))


class Mixed:
    """The clients of moto, and others in the place of some."""

    def __init__(self) -> None:
        self.real = _CLIENTS
        self.own: dict[str, Any] = {}

    @property
    def region(self) -> str:
        return REGION

    def client(self, service: str) -> Any:
        return self.own.get(service) or self.real.client(service)


@dataclass
class Answering:
    """HTTP with one answer for everything; 0 for nobody there."""

    status: int = 200
    asked: list[str] = field(default_factory=list)

    def get(
        self, url: str, *, timeout: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> Response:
        self.asked.append(url)
        if not self.status:
            raise Unreachable(f"{url}: nobody answers")
        return Response(self.status, {}, b"")


class Standing:
    """Everything is as it should be; a test breaks one thing. Has to be made inside mock_aws."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        self.clients = Mixed()
        self.http = Answering()
        self.folder = folder
        (folder / "gunicorn.conf.py").write_text("workers = 2\nkeepalive = 75\n")
        self._network()
        self._balancer()
        self._roles()
        self._stores()
        self.image = self._image()
        self.settings = Environment(
            platform="ecs",
            strategy=changes.get("strategy", "canary"),
            ecs=Ecs(
                secrets={"SECRET_KEY": self.secret, "API_TOKEN": self.parameter},
                alarms=("web-5xx",),
            ),
        )
        self.release = Release(
            application="web",
            version="1.2",
            commit="abc1234",
            digest="d" * 64,
            lock="",
            migrations=(),
            path=str(folder),
            python="",
            sbom="",
            image=self.image,
        )
        self.application = Application(serve="gunicorn -c gunicorn.conf.py main:app")
        self.ecs = AnsweringEcs([self.service()])
        self.iam = Simulating(self.clients.real.client("iam"))
        self.clients.own.update(ecs=self.ecs, iam=self.iam)

    def subject(self, **changes: Any) -> PreflightSubject:
        """What a preflight is told."""
        account = replace(identify_account(self.clients, Aws()), caller=ACCOUNT.caller)
        definition = render_task_definition(
            self.settings,
            NAMES,
            self.release,
            None,
            account=account,
            health=HealthCheck("/health/live"),
        )
        subject = PreflightSubject(
            clients=self.clients,
            http=self.http,
            account=account,
            application=self.application,
            settings=self.settings,
            names=NAMES,
            release=self.release,
            task_definition=definition,
        )
        return replace(subject, **changes)

    def service(self) -> dict[str, Any]:
        """As DescribeServices answers."""
        return {
            "serviceName": "web",
            "status": "ACTIVE",
            "desiredCount": 2,
            "clusterArn": ACCOUNT.arn("ecs", "cluster/web-production"),
            "deploymentController": {"type": "ECS"},
            "networkConfiguration": {
                "awsvpcConfiguration": {
                    "subnets": self.subnets,
                    "securityGroups": [self.tasks],
                    "assignPublicIp": "ENABLED",
                }
            },
            "loadBalancers": [
                {
                    "containerName": "web",
                    "containerPort": 8000,
                    "targetGroupArn": self.blue,
                    "advancedConfiguration": {
                        "alternateTargetGroupArn": self.green,
                        "productionListenerRule": self.rule,
                        "roleArn": ACCOUNT.role("web-production-traffic"),
                    },
                }
            ],
        }

    def _network(self) -> None:
        ec2 = self.clients.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.vpc = vpc
        self.subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        self.front, self.tasks = (
            ec2.create_security_group(VpcId=vpc, GroupName=name, Description=name)["GroupId"]
            for name in ("front", "tasks")
        )
        ec2.authorize_security_group_ingress(
            GroupId=self.tasks,
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 8000,
                    "ToPort": 8000,
                    "UserIdGroupPairs": [{"GroupId": self.front}],
                }
            ],
        )

    def _balancer(self) -> None:
        elb = self.clients.client("elbv2")
        self.balancer = elb.create_load_balancer(
            Name="web-production", Subnets=self.subnets, SecurityGroups=[self.front]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.blue, self.green = (self.group(f"web-production-{name}") for name in ("blue", "green"))
        self.listener = elb.create_listener(
            LoadBalancerArn=self.balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.blue}],
        )["Listeners"][0]["ListenerArn"]
        self.rule = self.forwarding(1, self.blue, self.green)

    def group(self, name: str, kind: str = "ip") -> str:
        """A target group."""
        made = self.clients.client("elbv2").create_target_group(
            Name=name, Protocol="HTTP", Port=8000, VpcId=self.vpc, TargetType=kind
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def forwarding(self, priority: int, *groups: str) -> str:
        """A rule that forwards to some groups."""
        weights = [
            {"TargetGroupArn": one, "Weight": 100 * (not at)} for at, one in enumerate(groups)
        ]
        made = self.clients.client("elbv2").create_rule(
            ListenerArn=self.listener,
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": [f"/{priority}*"]}],
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": weights}}],
        )
        return str(made["Rules"][0]["RuleArn"])

    def _roles(self) -> None:
        for name, service in (
            ("execution", "ecs-tasks"),
            ("task", "ecs-tasks"),
            ("traffic", "ecs"),
        ):
            self.role(f"web-production-{name}", f"{service}.amazonaws.com")

    def role(self, name: str, service: str) -> None:
        """A role that trusts a service."""
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
            ],
        }
        self.clients.real.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust)
        )

    def _stores(self) -> None:
        self.secret = self.clients.client("secretsmanager").create_secret(
            Name="web/production/SECRET_KEY", SecretString="never read"
        )["ARN"]
        self.clients.client("ssm").put_parameter(
            Name="/web/production/API_TOKEN", Value="never read", Type="SecureString"
        )
        self.parameter = ACCOUNT.arn("ssm", "parameter/web/production/API_TOKEN")
        self.alarm("web-5xx", "OK")

    def alarm(self, name: str, state: str) -> None:
        """An alarm in some state."""
        cloudwatch = self.clients.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            MetricName="HTTPCode_Target_5XX_Count",
            Namespace="AWS/ApplicationELB",
            Period=60,
            Statistic="Sum",
            Threshold=1.0,
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")

    def _image(self) -> str:
        ecr = self.clients.client("ecr")
        ecr.create_repository(repositoryName="web")
        manifest = {
            "schemaVersion": 2,
            "config": {"digest": "sha256:" + "a" * 64, "size": 1},
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "layers": [],
        }
        put = ecr.put_image(
            repositoryName="web", imageManifest=json.dumps(manifest), imageTag="1.2"
        )
        digest = put["image"]["imageId"]["imageDigest"]
        return f"{NUMBER}.dkr.ecr.{REGION}.amazonaws.com/web@{digest}"
