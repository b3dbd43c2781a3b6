"""Services as people have them: made by Terraform, CDK, Copilot and by hand; written here in the
shape of AWS's answers, after public examples."""

from __future__ import annotations

from typing import Any

from tests.fakes.running_services import ACCOUNT, REGION, Row, ServiceSample

_ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"
_ELB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
ECR = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


def group_arn(name: str) -> str:
    return f"{_ELB}:targetgroup/{name}/0123456789abcdef"


def listener_arn(name: str) -> str:
    return f"{_ELB}:listener/app/{name}/1111/2222"


def rule_arn(name: str, rule: str) -> str:
    return f"{_ELB}:listener-rule/app/{name}/1111/2222/{rule}"


def container(name: str, image: str, port: int = 0, **more: Any) -> Row:
    ports = [{"containerPort": port, "hostPort": port, "protocol": "tcp"}] if port else []
    return {"name": name, "image": image, "essential": True, "portMappings": ports, **more}


def awslogs(group: str) -> Row:
    options = {
        "awslogs-group": group,
        "awslogs-region": REGION,
        "awslogs-stream-prefix": "ecs",
        "awslogs-create-group": "true",
    }
    return {"logDriver": "awslogs", "options": options}


def definition(family: str, *containers: Row, **changes: Any) -> Row:
    return {
        "taskDefinitionArn": f"{_ECS}:task-definition/{family}:41",
        "family": family,
        "revision": 41,
        "status": "ACTIVE",
        "networkMode": "awsvpc",
        "cpu": "512",
        "memory": "1024",
        "requiresCompatibilities": ["FARGATE"],
        "compatibilities": ["EC2", "FARGATE"],
        "executionRoleArn": f"{ROLE}/{family}-execution",
        "taskRoleArn": f"{ROLE}/service-roles/{family}-task",
        "containerDefinitions": list(containers),
        "registeredBy": f"arn:aws:iam::{ACCOUNT}:user/ann",
        **changes,
    }


def sample(
    cluster: str,
    name: str,
    made: Row,
    *,
    front: tuple[str, int] | None = None,
    rules: list[Row] | None = None,
    kind: str = "application",
    target_type: str = "ip",
    **changes: Any,
) -> ServiceSample:
    """A service behind a load balancer. front: the container and port that are asked. rules: of
    its listener; None for the default one that forwards to it."""
    groups = [
        {
            "TargetGroupArn": group_arn(name),
            "TargetGroupName": name,
            "Protocol": "HTTP" if kind == "application" else "TCP",
            "Port": 80,
            "VpcId": "vpc-0a1b2c3d4e5f60718",
            "HealthCheckPath": "/ready",
            "HealthCheckIntervalSeconds": 15,
            "Matcher": {"HttpCode": "200-299"},
            "LoadBalancerArns": [f"{_ELB}:loadbalancer/app/{name}/1111"],
            "TargetType": target_type,
            "ProtocolVersion": "HTTP1",
        }
    ]
    forward: Row = {"Type": "forward", "TargetGroupArn": group_arn(name), "Order": 1}
    default = {
        "RuleArn": rule_arn(name, "default"),
        "Priority": "default",
        "IsDefault": True,
        "Actions": [forward],
        "Conditions": [],
    }
    service: Row = {
        "serviceArn": f"{_ECS}:service/{cluster}/{name}",
        "serviceName": name,
        "clusterArn": f"{_ECS}:cluster/{cluster}",
        "status": "ACTIVE",
        "desiredCount": 3,
        "runningCount": 3,
        "taskDefinition": made["taskDefinitionArn"],
        "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100},
        "loadBalancers": [],
        **changes,
    }
    if front is None:
        return ServiceSample(cluster=cluster, service=service, definition=made)
    service["loadBalancers"] = service["loadBalancers"] or [
        {
            "targetGroupArn": group_arn(name),
            "containerName": front[0],
            "containerPort": front[1],
        }
    ]
    return ServiceSample(
        cluster=cluster,
        service=service,
        definition=made,
        groups=groups,
        balancers=[
            {
                "LoadBalancerArn": f"{_ELB}:loadbalancer/app/{name}/1111",
                "DNSName": f"{name}.elb.amazonaws.com",
                "Type": kind,
            }
        ],
        listeners=[
            {
                "ListenerArn": listener_arn(name),
                "LoadBalancerArn": f"{_ELB}:loadbalancer/app/{name}/1111",
                "Port": 443,
                "Protocol": "HTTPS",
            }
        ],
        rules={listener_arn(name): [default] if rules is None else rules},
        attributes={"deregistration_delay.timeout_seconds": "20", "stickiness.enabled": "false"},
    )


def terraform() -> ServiceSample:
    """Fargate Spot, autoscaling, alarms; the listener's default action is all there is."""
    made = definition(
        "shop",
        container(
            "app",
            f"{ECR}/shop/web:1.4.0",
            8080,
            environment=[
                {"name": "LOG_LEVEL", "value": "info"},
                {"name": "DATABASE_URL", "value": "postgres://web:open-sesame@db/shop"},
            ],
            secrets=[{"name": "API_KEY", "valueFrom": "/shop/api-key"}],
            logConfiguration=awslogs("/ecs/shop"),
            stopTimeout=30,
        ),
        container("otel", "public.ecr.aws/aws-observability/aws-otel-collector:v0.40.0"),
    )
    service = sample(
        "shop-cluster",
        "shop",
        made,
        front=("app", 8080),
        capacityProviderStrategy=[
            {"capacityProvider": "FARGATE_SPOT", "weight": 4, "base": 0},
            {"capacityProvider": "FARGATE", "weight": 1, "base": 1},
        ],
        enableExecuteCommand=True,
    )
    service.scaling = (2, 10)
    service.alarms = {
        "CPUUtilization": ["TargetTracking-service/shop-cluster/shop-AlarmHigh-1", "shop-cpu"],
        "HTTPCode_Target_5XX_Count": ["shop-5xx"],
    }
    return service


def cdk() -> ServiceSample:
    """ApplicationLoadBalancedFargateService: its names, its asset repository, its percentages."""
    made = definition(
        "TownStackTaskDef1A2B3C4D",
        container(
            "web",
            f"{ECR}/cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}:7f3e",
            80,
            logConfiguration=awslogs("TownStack-TaskDefwebLogGroup71FAF541"),
        ),
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        cpu="256",
        memory="512",
    )
    return sample(
        "TownStack-EcsDefaultCluster",
        "TownStack-Service9571FDD8",
        made,
        front=("web", 80),
        launchType="FARGATE",
        desiredCount=4,
        deploymentConfiguration={
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 200,
            "minimumHealthyPercent": 50,
            "alarms": {"alarmNames": ["town-errors"], "enable": True, "rollback": True},
        },
    )


def copilot() -> ServiceSample:
    """An nginx in front, X-Ray and FireLens beside it, Service Connect, a rule by host and path."""
    made = definition(
        "isles-test-api",
        container("nginx", "public.ecr.aws/nginx/nginx:1.27", 8080),
        container(
            "api",
            f"{ECR}/isles/api@sha256:{'a' * 64}",
            5000,
            environment=[
                {"name": "COPILOT_APPLICATION_NAME", "value": "isles"},
                {"name": "COPILOT_ENVIRONMENT_NAME", "value": "test"},
            ],
            secrets=[
                {
                    "name": "TOKEN",
                    "valueFrom": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/copilot/isles/test/t",
                },
                {
                    "name": "DB",
                    "valueFrom": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:db-AbC123:u::",
                },
            ],
            logConfiguration={"logDriver": "awsfirelens", "options": {"Name": "cloudwatch"}},
            mountPoints=[{"sourceVolume": "files", "containerPath": "/files"}],
        ),
        container("xray", "public.ecr.aws/xray/aws-xray-daemon:latest", 2000),
        container(
            "firelens_log_router",
            "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable",
            firelensConfiguration={"type": "fluentbit"},
        ),
        volumes=[{"name": "files", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
    )
    name = "isles-test-api-Service-Xx1Yy2Zz3"
    rule = {
        "RuleArn": rule_arn(name, "3333"),
        "Priority": "48000",
        "IsDefault": False,
        "Conditions": [
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["api.isles.example"]}},
            {"Field": "path-pattern", "Values": ["/*"]},
        ],
        "Actions": [
            {
                "Type": "authenticate-oidc",
                "Order": 1,
                "AuthenticateOidcConfig": {
                    "Issuer": "https://login.example",
                    "AuthorizationEndpoint": "https://login.example/a",
                    "TokenEndpoint": "https://login.example/t",
                    "UserInfoEndpoint": "https://login.example/u",
                    "ClientId": "isles",
                },
            },
            {"Type": "forward", "TargetGroupArn": group_arn(name), "Order": 2},
        ],
    }
    return sample(
        "isles-test-Cluster-AbC123",
        name,
        made,
        front=("nginx", 8080),
        rules=[rule],
        launchType="FARGATE",
        serviceRegistries=[
            {"registryArn": f"arn:aws:servicediscovery:{REGION}:{ACCOUNT}:service/srv-1"}
        ],
        deployments=[
            {
                "status": "PRIMARY",
                "serviceConnectConfiguration": {"enabled": True, "namespace": "test.isles.local"},
            }
        ],
    )


def _task_set(made: Row, name: str) -> list[Row]:
    return [
        {"status": "DRAINING", "taskDefinition": f"{made['taskDefinitionArn'][:-2]}40"},
        {
            "status": "PRIMARY",
            "taskDefinition": made["taskDefinitionArn"],
            "loadBalancers": [
                {
                    "targetGroupArn": group_arn(name),
                    "containerName": "app",
                    "containerPort": 8000,
                }
            ],
        },
    ]


def code_deploy() -> ServiceSample:
    """Deployed by CodeDeploy: its rule knows both target groups already."""
    made = definition("mail", container("app", f"{ECR}/mail:7", 8000))
    other = group_arn("mail-other")
    rule = {
        "RuleArn": rule_arn("mail", "4444"),
        "Priority": "10",
        "IsDefault": False,
        "Conditions": [{"Field": "path-pattern", "Values": ["*"]}],
        "Actions": [
            {
                "Type": "forward",
                "ForwardConfig": {
                    "TargetGroups": [
                        {"TargetGroupArn": group_arn("mail"), "Weight": 100},
                        {"TargetGroupArn": other, "Weight": 0},
                    ]
                },
            }
        ],
    }
    service = sample(
        "main",
        "mail",
        made,
        front=("app", 8000),
        rules=[rule],
        launchType="FARGATE",
        deploymentController={"type": "CODE_DEPLOY"},
        taskSets=_task_set(made, "mail"),
    )
    service.service["loadBalancers"] = []
    return service


def external() -> ServiceSample:
    """Deployed by somebody's own controller: only its task sets say what runs."""
    made = definition("queue", container("app", "ghcr.io/town/queue:7", 8000))
    service = sample(
        "main",
        "queue",
        made,
        front=("app", 8000),
        deploymentController={"type": "EXTERNAL"},
        taskSets=_task_set(made, "queue"),
    )
    service.service["loadBalancers"] = []
    del service.service["taskDefinition"]
    return service


def ec2() -> ServiceSample:
    """On instances, with bridge networking, sizes only on the container, and no roles."""
    made = definition(
        "legacy",
        container("app", "town/legacy:3", 8000, cpu=300, memoryReservation=700),
        networkMode="bridge",
        requiresCompatibilities=["EC2"],
    )
    for key in ("cpu", "memory", "executionRoleArn", "taskRoleArn"):
        del made[key]
    return sample(
        "legacy-dev", "legacy", made, front=("app", 8000), target_type="instance", launchType="EC2"
    )


def ready() -> ServiceSample:
    """With everything that a canary needs."""
    made = definition("pay", container("app", f"{ECR}/pay:7", 8000), taskRoleArn="")
    extra = {
        "alternateTargetGroupArn": group_arn("pay-green"),
        "productionListenerRule": rule_arn("pay", "5555"),
        "roleArn": f"{ROLE}/pay-traffic",
    }
    front = {"targetGroupArn": group_arn("pay"), "containerName": "app", "containerPort": 8000}
    return sample(
        "staging",
        "pay",
        made,
        front=("app", 8000),
        launchType="FARGATE",
        loadBalancers=[{**front, "advancedConfiguration": extra}],
        deploymentConfiguration={
            "strategy": "CANARY",
            "canaryConfiguration": {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10},
            "lifecycleHooks": [{"hookTargetArn": f"{ROLE}/x", "lifecycleStages": ["PRE_SCALE_UP"]}],
        },
    )


def two_groups() -> ServiceSample:
    """Behind a Network Load Balancer, and a second target group."""
    made = definition("dns", container("app", f"{ECR}/dns:7", 8000))
    front = {"targetGroupArn": group_arn("dns"), "containerName": "app", "containerPort": 8000}
    return sample(
        "main",
        "dns",
        made,
        front=("app", 8000),
        kind="network",
        launchType="FARGATE",
        loadBalancers=[front, {**front, "targetGroupArn": group_arn("dns-internal")}],
    )


def worker() -> ServiceSample:
    """Nobody asks it anything."""
    made = definition("worker", container("app", f"localhost:5000/worker:{'b' * 7}"))
    return sample("main", "worker", made, launchType="FARGATE")


ALL = {
    made.__name__: made
    for made in (
        terraform,
        cdk,
        copilot,
        code_deploy,
        external,
        ec2,
        ready,
        two_groups,
        worker,
    )
}
