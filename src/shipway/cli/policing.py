"""`infra policy` carried out."""

from __future__ import annotations

import json

from shipway.aws.policy import Scope, trust_policy
from shipway.aws.policy import policy as policy_of
from shipway.cli.holding import environment_of
from shipway.cli.image_registry import registry_of
from shipway.cli.project import open_project
from shipway.core.account import Account
from shipway.core.config import Config
from shipway.core.errors import ConfigError
from shipway.core.naming import Names
from shipway.core.settings.image import ECR
from shipway.effects.account import identify
from shipway.effects.aws import AwsClients
from shipway.effects.aws_errors import in_words


def policy(*, directory: str, environment: str, trust: bool) -> int:
    """Print a policy; the exit code. AWS is only asked for what aws.* does not say."""
    project = open_project(directory)
    settings = environment_of(project, environment)
    if settings.platform != "ecs":
        raise ConfigError(
            f"{environment} is no environment on ECS: deploying there needs no permission of AWS",
            f'Set environments.{environment}.platform = "ecs", or name another one.',
        )
    config = project.config
    account = _account(config)
    if trust:
        found = trust_policy(account, config.github, environment)
    else:
        bucket = config.aws.bucket or Names(project.name, environment).bucket(
            account.number, account.region
        )
        found = policy_of(
            Scope(
                account, Names(project.name, environment), settings, bucket,
                registry_of(config) == ECR, config.image.repository,
            )
        )  # fmt: skip
    print(json.dumps(found, indent=2))
    return 0


def _account(config: Config) -> Account:
    clients = AwsClients(config.aws)
    if config.aws.account:
        return Account(config.aws.account, clients.region, _partition(clients.region))
    with in_words():
        return identify(clients, config.aws)


def _partition(region: str) -> str:
    """Of a region, by its name's beginning (AWS General Reference, "ARN format")."""
    for start in ("cn-", "us-gov-"):
        if region.startswith(start):
            return f"aws-{start.rstrip('-')}"
    return "aws"
