"""MyCandidate's environment `staging` on a stand-in for AWS, and a repository to ship it from.

Instead of the environment's stack, of which MiniStack takes only a part (test_stacks.py): network,
load balancer, roles, log group, secret, and a service that runs a placeholder.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.e2e import engine
from tests.e2e.cloud import ACCOUNT, REGION, Cloud
from tests.images import engines

from shipway.aws.names import AwsResourceNames
from shipway.checks.registry import CHECKS
from shipway.pipeline.service_kinds import KINDS
from shipway.system.network import free_port

ROOT = Path(__file__).parents[2]
SHIPWAY = str(Path(sys.executable).parent / "shipway")
NAMES = AwsResourceNames("mycandidate", "staging")
KEPT_CHECKS = ("image-packages",)  # the others are seen elsewhere, and take a minute
SETTINGS = """
[aws]
region = "{region}"
account = "{account}"

[image]
builder = "buildah"
registry = "ecr"
python_image = "{base}"
registry_scan = false

[checks]
{checks}

[environments.staging]
platform = "ecs"
instances = 1
judged = false
health_timeout = 60

[environments.staging.env]
API_RATE_LIMIT = "off"
MYCANDIDATE_METRICS = "off"

[environments.staging.ecs.secrets]
DATABASE_URL = "{secret}"
SECRET_KEY = "{key}"

[[environments.staging.smoke]]
path = "/health/ready"
"""


class Town:
    """repository: a copy of MyCandidate with `staging` in its shipway.toml."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        self.cloud = cloud
        self.repository = folder / "mycandidate"
        self._storage = engines.with_base(Path.home() / ".cache" / "shipway-tests" / "buildah")
        self._base = engines.BASE

    def client(self, service: str) -> Any:
        """One of boto3's."""
        return self.cloud.client(service)

    def shipway(self, *words: str, code: int = 0) -> str:
        """What the command prints; it must end with `code`."""
        path = os.pathsep.join((os.path.dirname(SHIPWAY), os.environ.get("PATH", os.defpath)))
        done = subprocess.run(
            (SHIPWAY, *words),
            cwd=self.repository,
            capture_output=True,
            text=True,
            env={**os.environ, **self.cloud.env, **self._storage, "PATH": path},
            timeout=600,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def make(self, database: str) -> None:
        """Everything, once. database: its address as containers see it."""
        for role in (NAMES.execution_role, NAMES.task_role):
            self._role(role)
        keeper = self.client("secretsmanager")
        url = keeper.create_secret(Name=NAMES.secret("DATABASE_URL"), SecretString=database)["ARN"]
        key = keeper.create_secret(
            Name=NAMES.secret("SECRET_KEY"), SecretString=secrets.token_hex(32)
        )["ARN"]
        self.client("logs").create_log_group(logGroupName=NAMES.log_group)
        self._service()
        checks = "\n".join(f"{one.name} = false" for one in CHECKS if one.name not in KEPT_CHECKS)
        self._write(
            SETTINGS.format(
                region=REGION,
                account=ACCOUNT,
                base=self._base,
                checks=checks,
                secret=url,
                key=key,
            )
        )

    def _write(self, settings: str) -> None:
        shutil.copytree(
            ROOT / "mycandidate",
            self.repository,
            ignore=shutil.ignore_patterns(".shipway", ".venv", "__pycache__", ".hypothesis"),
        )
        path = self.repository / "shipway.toml"
        kept = path.read_text().split("[gates]")[0]
        path.write_text(kept + settings)
        self._git("init", "--quiet")
        self.commit("town")

    def commit(self, words: str) -> None:
        """What is there, as a commit."""
        self._git("add", "--all")
        self._git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", words)

    def change(self, path: str, old: str, new: str) -> None:
        """Replace a text in a file, and commit it."""
        file = self.repository / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))
        self.commit(f"{path} changed")

    def published(self, word: str) -> str:
        """The digest of the image of another commit, which has `word` in a file."""
        self.change("main/pages.py", '"""', f'"""{word}. ')
        self.shipway("run", "publish", "--strict")
        tag = f"sha-{self._git('rev-parse', 'HEAD')[:12]}"
        found = self.client("ecr").describe_images(
            repositoryName=NAMES.repository, imageIds=[{"imageTag": tag}]
        )
        return str(found["imageDetails"][0]["imageDigest"])

    def served(self, path: str) -> str:
        """The release that answers through the load balancer."""
        with urllib.request.urlopen(f"http://{self.cloud.front.balancer}{path}") as answer:
            return str(answer.headers["X-Release"])

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            ("git", *words), cwd=self.repository, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def _role(self, name: str) -> None:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))

    def _service(self) -> None:
        subnets, task_group, group = self._network()
        image = engine.image(self.repository.parent / "placeholder")
        ecs = self.client("ecs")
        definition = ecs.register_task_definition(
            family=NAMES.family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": "web",
                    "image": image,
                    "essential": True,
                    "portMappings": [{"containerPort": 8000}],
                    "environment": [
                        {"name": "BIND", "value": "0.0.0.0:8000"},
                        {"name": "RELEASE", "value": "placeholder"},
                    ],
                }
            ],
        )["taskDefinition"]["taskDefinitionArn"]
        ecs.create_cluster(clusterName=NAMES.cluster)
        ecs.create_service(
            cluster=NAMES.cluster,
            serviceName=NAMES.service,
            taskDefinition=definition,
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={
                "awsvpcConfiguration": {
                    "subnets": subnets,
                    "securityGroups": [task_group],
                    "assignPublicIp": "ENABLED",
                }
            },
            loadBalancers=[
                {
                    "targetGroupArn": group,
                    "containerName": "web",
                    "containerPort": 8000,
                }
            ],
            deploymentConfiguration={
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            },
        )

    def _network(self) -> tuple[list[str], str, str]:
        ec2, elb = self.client("ec2"), self.client("elbv2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate("ab")
        ]
        groups = [
            ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
            for name in ("balancer", "tasks")
        ]
        ec2.authorize_security_group_ingress(
            GroupId=groups[1],
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": 8000,
                    "ToPort": 8000,
                    "UserIdGroupPairs": [{"GroupId": groups[0]}],
                }
            ],
        )
        balancer = elb.create_load_balancer(
            Name=NAMES.load_balancer, Subnets=subnets, SecurityGroups=[groups[0]]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        group = elb.create_target_group(
            Name=NAMES.blue,
            Protocol="HTTP",
            Port=8000,
            VpcId=vpc,
            TargetType="ip",
            HealthCheckPath="/health/ready",
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return subnets, groups[1], group


class Database:
    """PostgreSQL 16 as a process of this machine, which containers reach through a relay."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._password = secrets.token_urlsafe(12)
        self._process: subprocess.Popen[bytes] | None = None
        self._relay: Relay | None = None

    def start(self) -> str:
        """Its address as containers see it."""
        uv = str(Path(sys.executable).parent / "uv")
        service = ROOT / "src/shipway/pipeline/injected/shipway_service.py"
        argv = (
            uv,
            "tool",
            "run",
            "--from",
            KINDS["postgres"].package,
            "python",
            str(service),
            "postgres",
            str(self._folder),
            str(self._port),
            "package:16",
        )
        env = {**os.environ, "SHIPWAY_SERVICE_PASSWORD": self._password}
        log = self._folder.parent / f"{self._folder.name}.log"
        with log.open("wb") as file:
            self._process = subprocess.Popen(argv, env=env, stdout=file, stderr=file)
        self._wait(log)
        gateway = engine.gateway()
        self._relay = Relay(gateway, self._port)
        return (
            f"postgresql+psycopg://postgres:{self._password}@{gateway}:{self._relay.port}/postgres"
        )

    def _wait(self, log: Path) -> None:
        end = time.monotonic() + 90
        while time.monotonic() < end and self._process and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError(f"PostgreSQL does not start: {log.read_text()}")

    def stop(self) -> None:
        """End it."""
        if self._relay:
            self._relay.close()
        if self._process:
            self._process.terminate()
            self._process.wait(20)


class Relay:
    """Hands connections to an address of the containers' network on to a port of this machine."""

    def __init__(self, host: str, to: int) -> None:
        self._to = to
        self._socket = socket.create_server((host, 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._socket.accept()
                there = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for one in (source, sink):
            one.close()


def release_of(printed: str) -> str:
    """The release's name in what `shipway deploy` printed."""
    found = re.search(r"\d[\w.]*\+[0-9a-f]{7}\.[0-9a-f]{6}", printed)
    assert found, printed
    return found[0]
