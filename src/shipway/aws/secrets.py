"""Secrets in Secrets Manager: set, and whether they are there. Nothing here reads a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shipway.core.ports import Clients
from shipway.effects.aws_errors import code_of, in_words

_MISSING = "ResourceNotFoundException"


def put_secret(clients: Clients, name: str, value: str, tags: Mapping[str, str]) -> str:
    """Give a secret its value, and create it where there is none; its ARN.

    One that was to be deleted is kept.
    """
    from botocore.exceptions import ClientError

    manager = clients.client("secretsmanager")
    with in_words():
        try:
            known = manager.describe_secret(SecretId=name)
        except ClientError as error:
            if code_of(error) != _MISSING:
                raise
            pairs = [{"Key": key, "Value": one} for key, one in tags.items()]
            made = manager.create_secret(Name=name, SecretString=value, Tags=pairs)
            return str(made["ARN"])
        if known.get("DeletedDate"):
            manager.restore_secret(SecretId=name)
        return str(manager.put_secret_value(SecretId=name, SecretString=value)["ARN"])


def secrets_there(clients: Clients, names: Iterable[str]) -> dict[str, bool]:
    """Name or ARN of a secret → whether it has a value that a task could be given."""
    return {name: _there(clients.client("secretsmanager"), name) for name in names}


def _there(manager: Any, name: str) -> bool:
    from botocore.exceptions import ClientError

    with in_words():
        try:
            known = manager.describe_secret(SecretId=name)
        except ClientError as error:
            if code_of(error) == _MISSING:
                return False
            raise
    stages = known.get("VersionIdsToStages", {}).values()
    return not known.get("DeletedDate") and any("AWSCURRENT" in one for one in stages)
