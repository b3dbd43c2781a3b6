"""`secret set` carried out."""

from __future__ import annotations

import json as json_module
import re
import sys

from shipway.aws.secrets import put_secret, secrets_there
from shipway.cli.project import open_project
from shipway.core.config import Config
from shipway.core.errors import ConfigError
from shipway.core.infrastructure.parameters import tags
from shipway.core.naming import Names
from shipway.core.ports import Clients
from shipway.core.settings.aws import Ecs
from shipway.effects.account import identify
from shipway.effects.aws import AwsClients
from shipway.effects.aws_errors import in_words

# What Secrets Manager takes in a name (CreateSecret), without the slash that ends our own part.
_NAME = re.compile(r"[A-Za-z0-9_+=.@-]{1,128}")
_LONGEST = 65_536  # bytes of a value (CreateSecret)


def secret_set(*, directory: str, environment: str, name: str, json: bool) -> int:
    """Take a value from standard input to Secrets Manager. It is printed nowhere."""
    config = open_project(directory).config
    here = config.environments.get(environment)
    if here is None or here.platform != "ecs":
        raise ConfigError(
            f"{environment} is no environment on ecs, so it has no secrets in AWS",
            "Correct the word; secrets of a local environment come from the caller's variables.",
        )
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name that Secrets Manager takes", "Letters, digits and _+=.@- only."
        )
    clients = AwsClients(config.aws)
    with in_words():
        identify(clients, config.aws)
    value = _value(name)
    full = Names(config.application.name, environment).secret(name)
    arn = put_secret(clients, full, value, tags(config, environment))
    missing = [one for one, there in configured_secrets(clients, here.ecs).items() if not there]
    if json:
        print(json_module.dumps({"secret": full, "arn": arn, "missing": missing}, indent=2))
        return 0
    print(f"set: {full}")
    if not _configured(config, environment, arn):
        print(f"next: give it to the application: [environments.{environment}.ecs.secrets]\n"
              f'      {name} = "{arn}"')  # fmt: skip
    if missing:
        print(f"still without a value: {', '.join(missing)}")
    return 0


def configured_secrets(clients: Clients, settings: Ecs) -> dict[str, bool]:
    """Variable → whether its secret in Secrets Manager has a value. Nothing reads one."""
    arns = {name: _bare(one) for name, one in settings.secrets.items() if ":secretsmanager:" in one}
    there = secrets_there(clients, arns.values())
    return {name: there[arn] for name, arn in arns.items()}


def _configured(config: Config, environment: str, arn: str) -> bool:
    secrets = config.environments[environment].ecs.secrets
    return any(_bare(one) == arn for one in secrets.values())


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
