"""`shipway secret set`: the words it takes."""

from __future__ import annotations

import json as json_module
import re
import sys

from shipway.aws.clients import AwsClients, identify_account
from shipway.aws.errors import translate_aws_errors
from shipway.aws.names import AwsResourceNames
from shipway.aws.secrets import existing_secrets, put_secret
from shipway.cli.arguments import add_environment, add_json
from shipway.cli.parser import Parser
from shipway.cli.project import open_project
from shipway.config.aws import Ecs
from shipway.config.schema import Config
from shipway.errors import ConfigError
from shipway.infrastructure.parameters import stack_tags
from shipway.ports import Clients

# `secret set` carried out.

# What Secrets Manager takes in a name (CreateSecret), without the slash that ends our own part.
_NAME = re.compile(r"[A-Za-z0-9_+=.@-]{1,128}")
_LONGEST = 65_536  # bytes of a value (CreateSecret)


def secret_set(*, directory: str, environment: str, name: str, json: bool) -> int:
    """Take a value from standard input to Secrets Manager. It is printed nowhere."""
    config = open_project(directory).config
    settings = config.environments.get(environment)
    if settings is None or settings.platform != "ecs":
        raise ConfigError(
            f"{environment} is no environment on ecs, so it has no secrets in AWS",
            "Correct the word; secrets of a local environment come from the caller's variables.",
            code="wrong-platform",
        )
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name that Secrets Manager takes", "Letters, digits and _+=.@- only."
        )
    clients = AwsClients(config.aws)
    with translate_aws_errors():
        identify_account(clients, config.aws)
    value = _value(name)
    full = AwsResourceNames(config.application.name, environment).secret(name)
    arn = put_secret(clients, full, value, stack_tags(config, environment))
    missing = [
        secret
        for secret, present in configured_secrets(clients, settings.ecs).items()
        if not present
    ]
    if json:
        print(json_module.dumps({"secret": full, "arn": arn, "missing": missing}, indent=2))
        return 0
    print(f"set: {full}")
    if not _configured(config, environment, arn):
        print(
            f"next: give it to the application: [environments.{environment}.ecs.secrets]\n"
            f'      {name} = "{arn}"'
        )
    if missing:
        print(f"still without a value: {', '.join(missing)}")
    return 0


def configured_secrets(clients: Clients, settings: Ecs) -> dict[str, bool]:
    """Variable → whether its secret in Secrets Manager has a value. Nothing reads one."""
    arns = {name: _bare(arn) for name, arn in settings.secrets.items() if ":secretsmanager:" in arn}
    present = existing_secrets(clients, arns.values())
    return {name: present[arn] for name, arn in arns.items()}


def _configured(config: Config, environment: str, arn: str) -> bool:
    secrets = config.environments[environment].ecs.secrets
    return any(_bare(secret) == arn for secret in secrets.values())


def _bare(arn: str) -> str:
    """A secret's ARN has seven parts; what is behind names a part of its value."""
    return ":".join(arn.split(":")[:7])


def _value(name: str) -> str:
    """What is typed unseen, or standard input without the end of its last line."""
    if sys.stdin.isatty():
        from getpass import getpass

        value = getpass(f"{name}: ")
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value:
        raise ConfigError(f"{name} has no value, so nothing is set", "Write it to standard input.")
    if len(value.encode()) > _LONGEST:
        raise ConfigError(f"{name} is longer than {_LONGEST} bytes", "Keep it in S3, encrypted.")
    return value


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("secret", _secret)


def _secret(parser: Parser) -> None:
    """Secrets of an environment in AWS.

    Example: shipway secret set staging DATABASE_URL
    """
    parser.add_command("set", _set, secret_set)


def _set(parser: Parser) -> None:
    """Put a secret into Secrets Manager. It is read from standard input, or asked for unseen.

    Example: shipway secret set staging DATABASE_URL < url.txt
    """
    add_environment(parser)
    parser.add("name", metavar="NAME", help="The secret, for example DATABASE_URL.")
    add_json(parser)
