"""Secrets in Secrets Manager: set, and whether they are there. Nothing here reads a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from shipway.aws.errors import error_code, translate_aws_errors
from shipway.ports import Clients

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_secretsmanager.type_defs import TagTypeDef

_MISSING = "ResourceNotFoundException"


def put_secret(clients: Clients, name: str, value: str, tags: Mapping[str, str]) -> str:
    """Give a secret its value, and create it where there is none; its ARN.

    One that was to be deleted is kept.
    """
    from botocore.exceptions import ClientError

    manager = clients.client("secretsmanager")
    with translate_aws_errors():
        try:
            existing = manager.describe_secret(SecretId=name)
        except ClientError as error:
            if error_code(error) != _MISSING:
                raise
            pairs: list[TagTypeDef] = [{"Key": key, "Value": tag} for key, tag in tags.items()]
            created = manager.create_secret(Name=name, SecretString=value, Tags=pairs)
            return str(created["ARN"])
        if existing.get("DeletedDate"):
            manager.restore_secret(SecretId=name)
        return str(manager.put_secret_value(SecretId=name, SecretString=value)["ARN"])


def existing_secrets(clients: Clients, names: Iterable[str]) -> dict[str, bool]:
    """Name or ARN of a secret → whether it has a value that a task could be given."""
    return {name: _there(clients.client("secretsmanager"), name) for name in names}


def _there(manager: SecretsManagerClient, name: str) -> bool:
    from botocore.exceptions import ClientError

    with translate_aws_errors():
        try:
            description = manager.describe_secret(SecretId=name)
        except ClientError as error:
            if error_code(error) == _MISSING:
                return False
            raise
    stages = description.get("VersionIdsToStages", {}).values()
    return not description.get("DeletedDate") and any("AWSCURRENT" in labels for labels in stages)
