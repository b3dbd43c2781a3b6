"""What things in AWS are called: the stacks create them by these names, the rest finds them."""

from __future__ import annotations

from dataclasses import dataclass

from shipway.config.tables import GitHub
from shipway.errors import ConfigError

# An account of AWS and a region in it: what every ARN begins with.


@dataclass(frozen=True)
class Account:
    """number: its twelve digits. partition: `aws`, `aws-cn` or `aws-us-gov`.

    caller: the ARN of whom one acts as, from STS; "" where nobody asked.
    """

    number: str
    region: str
    partition: str = "aws"
    caller: str = ""

    def arn(self, service: str, what: str) -> str:
        """The ARN of something in this region: `arn:aws:ecs:eu-west-1:123456789012:cluster/web`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.number}:{what}"

    def role(self, name: str) -> str:
        """A role's ARN. One that is an ARN already stays as it is; roles have no region."""
        if name.startswith("arn:"):
            return name
        return f"arn:{self.partition}:iam::{self.number}:role/{name}"


_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
    ("eusc-", "aws-eusc"),
)


def partition_of(region: str) -> str:
    """The partition of a region, by its name's beginning (AWS General Reference, "ARN format")."""
    return next((name for start, name in _PARTITIONS if region.startswith(start)), "aws")


TEST_HEADER = "X-Shipway-Test"  # a request that has it, with any value, goes to the candidate


@dataclass(frozen=True)
class AwsResourceNames:
    """The names in one environment of one application.

    Names of load balancers and target groups may have 32 characters at most, role names 64:
    config/validation.py does not know, `shipway infra plan` and ECS's preflight say so.
    """

    application: str
    environment: str

    @property
    def prefix(self) -> str:
        """Begins every name: the cluster and the task family have it as their own."""
        return f"{self.application}-{self.environment}"

    cluster = family = load_balancer = database = prefix

    @property
    def stack(self) -> str:
        """The environment's stack."""
        return self.prefix

    @property
    def monitoring_stack(self) -> str:
        """The stack of alarms and the dashboard."""
        return f"{self.prefix}-monitoring"

    @property
    def bootstrap_stack(self) -> str:
        """The account's stack, one for all environments."""
        return f"{self.application}-bootstrap"

    @property
    def account_stack(self) -> str:
        """The stack that watches the account's cost, in us-east-1."""
        return f"{self.application}-account"

    @property
    def service(self) -> str:
        """The service in the cluster."""
        return "web"

    @property
    def repository(self) -> str:
        """The ECR repository, one for all environments: a digest is promoted, not copied."""
        return self.application

    @property
    def blue(self) -> str:
        """The first target group."""
        return f"{self.prefix}-blue"

    @property
    def green(self) -> str:
        """The other one."""
        return f"{self.prefix}-green"

    @property
    def log_group(self) -> str:
        """Where the application's lines arrive."""
        return f"/{self.application}/{self.environment}/web"

    @property
    def metrics(self) -> str:
        """The namespace in CloudWatch of the application's own metrics."""
        return f"{self.application}/{self.environment}"

    @property
    def execution_role(self) -> str:
        """Pulls the image, reads the secrets, writes the log."""
        return f"{self.prefix}-execution"

    @property
    def task_role(self) -> str:
        """What the application itself may do."""
        return f"{self.prefix}-task"

    @property
    def database_role(self) -> str:
        """Starts the task that makes the application's user and database."""
        return f"{self.prefix}-database"

    @property
    def deploy_role(self) -> str:
        """What the workflow takes on to deploy."""
        return f"{self.prefix}-deploy"

    @property
    def look_role(self) -> str:
        """What the weekly workflow takes on to see what is left over."""
        return f"{self.prefix}-look"

    @property
    def monitor_role(self) -> str:
        """What the workflow takes on to apply the monitoring stack."""
        return f"{self.prefix}-monitor"

    @property
    def slack_role(self) -> str:
        """Draws the alarms that Slack shows."""
        return f"{self.prefix}-slack"

    @property
    def traffic_role(self) -> str:
        """ECS moves the listener rules with it."""
        return f"{self.prefix}-traffic"

    @property
    def hold(self) -> str:
        """The parameter in SSM that says that nobody may deploy, and why."""
        return f"/{self.application}/{self.environment}/hold"

    def secret(self, name: str) -> str:
        """A secret's name in Secrets Manager."""
        return f"{self.application}/{self.environment}/{name}"

    def bucket(self, account: str, region: str) -> str:
        """Where releases and receipts are kept; one for all environments."""
        return f"{self.application}-shipway-{account}-{region}"


# As whom a job of GitHub's presents itself.


def subject_claim(github: GitHub, environment: str) -> str:
    """The `sub` of a job's token in an environment: `repo:OWNER@ID/NAME@ID:environment:ENV`, or
    `repo:OWNER/NAME:environment:ENV` of a repository that did not opt in.

    With the ids, a repository that takes over the name is another one (GitHub, "OpenID Connect
    reference", immutable subjects). Raises ConfigError where one of them is not configured: the
    role asks for the repository's in either case.
    """
    owner, slash, name = github.repository.partition("/")
    if not (owner and slash and name and "/" not in name):
        raise ConfigError(
            f"github.repository: OWNER/NAME is wanted, found {github.repository!r}",
            'Write it in shipway.toml: [github] repository = "OWNER/NAME".',
            code="invalid-setting",
        )
    immutable = github.oidc_subject == "immutable"
    numbers = {"owner_id": github.owner_id} if immutable else {}
    for key, value in {**numbers, "repository_id": github.repository_id}.items():
        if not value.isascii() or not value.isdigit():
            raise ConfigError(
                f"github.{key}: a number is wanted, found {value!r}",
                f"gh api repos/{github.repository} --jq '.owner.id, .id' prints both.",
                code="invalid-setting",
            )
    if immutable:
        owner, name = f"{owner}@{github.owner_id}", f"{name}@{github.repository_id}"
    return f"repo:{owner}/{name}:environment:{environment}"
