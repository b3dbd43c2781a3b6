"""A task's environment and secrets: what is given by value, what by ARN."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shipway.core.config import Environment
from shipway.core.errors import ConfigError
from shipway.core.secrets import holds_a_password, names_a_secret

# Developer guide, "Pass sensitive data to a container": a secret's ARN may go on with
# `:json-key:version-stage:version-id`, each of which may be empty.
_SECRET = re.compile(
    r"arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:[\w/+=.@-]+(:[^:]*:[^:]*:[^:]*)?"
)
_PARAMETER = re.compile(r"arn:aws[\w-]*:ssm:[\w-]+:\d{12}:parameter/[\w./-]+")


@dataclass(frozen=True)
class Reference:
    """Where a secret is. store: `secretsmanager` or `ssm`. arn: of the whole of it, without the
    key; that is what policies name. key: the JSON key that is taken of it, "" for all."""

    store: str
    arn: str
    key: str = ""


def reference(arn: str) -> Reference | None:
    """What the ARN of a secret or parameter points to; None where it is neither."""
    if _PARAMETER.fullmatch(arn):
        return Reference("ssm", arn)
    if _SECRET.fullmatch(arn):
        parts = arn.split(":")
        return Reference("secretsmanager", ":".join(parts[:7]), ":".join(parts[7:8]))
    return None


def given(settings: Environment, where: str) -> dict[str, str]:
    """What the task gets by value. Raises ConfigError for what has to be a secret.

    where: the key path of the environment's table.
    """
    for name, value in settings.env.items():
        if name in settings.ecs.secrets:
            raise ConfigError(
                f"{where}.env.{name} and {where}.ecs.secrets.{name} are both set",
                "Keep the secret, remove the value.",
            )
        if value and (names_a_secret(name) or holds_a_password(value)):
            raise ConfigError(
                f"{where}.env.{name} looks like a secret: everybody who may read a task "
                "definition would read it",
                f"shipway secret set keeps it in Secrets Manager; put its ARN in "
                f"{where}.ecs.secrets.{name}.",
            )
        if "{data}" in value:
            raise ConfigError(
                f"{where}.env.{name}: a task on ECS has no data folder for {{data}}",
                "Say where its data are: a database's or bucket's address.",
            )
    return dict(settings.env)


def referred(settings: Environment, where: str) -> dict[str, str]:
    """Variable → ARN. Raises ConfigError where one is no ARN, or is to come from the caller."""
    for name, arn in settings.ecs.secrets.items():
        if reference(arn) is None:
            raise ConfigError(
                f"{where}.ecs.secrets.{name}: the ARN of a secret in Secrets Manager or of a "
                "parameter in SSM is wanted",
                "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX, with :KEY:: behind it "
                "for one key of it; or arn:aws:ssm:REGION:ACCOUNT:parameter/NAME.",
            )
    missing = [name for name in settings.secrets if name not in settings.ecs.secrets]
    if missing:
        raise ConfigError(
            f"{where}.secrets: a task on ECS cannot take {missing[0]} from who deploys it",
            f"Put its ARN in {where}.ecs.secrets.{missing[0]}.",
        )
    return dict(settings.ecs.secrets)


def pairs(values: Mapping[str, str], value: str) -> list[dict[str, str]]:
    """As a task definition has them, in the order of their names: [{name, VALUE}]."""
    return [{"name": name, value: values[name]} for name in sorted(values)]


def by_name(rows: Sequence[Mapping[str, str]], value: str) -> dict[str, str]:
    """The other way round."""
    return {row["name"]: row.get(value, "") for row in rows}
