"""Which account of AWS one works in, asked of STS."""

from __future__ import annotations

from shipway.core.account import Account
from shipway.core.errors import ConfigError
from shipway.core.ports import Clients
from shipway.core.settings.aws import Aws


def identify(clients: Clients, settings: Aws) -> Account:
    """The account behind the credentials. Raises ConfigError where another one is configured.

    GetCallerIdentity needs no permission: it cannot be denied. Botocore's own errors pass.
    """
    found = clients.client("sts").get_caller_identity()
    number, caller = str(found["Account"]), str(found["Arn"])
    if settings.account and settings.account != number:
        raise ConfigError(
            f"these credentials are for account {number}, shipway.toml says {settings.account}",
            "Take the right AWS_PROFILE, or correct aws.account.",
        )
    return Account(number, clients.region, caller.split(":")[1], caller)
