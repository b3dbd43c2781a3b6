"""Which account the credentials are for."""

from __future__ import annotations

import pytest
from moto import mock_aws

from shipway.aws.clients import AwsClients, identify_account
from shipway.aws.names import Account
from shipway.config.aws import Aws
from shipway.errors import ConfigError


def test_sts_says_which_account_it_is() -> None:
    settings = Aws(region="eu-west-1", account="123456789012")
    with mock_aws():
        found = identify_account(AwsClients(settings), settings)
    assert (found.number, found.region, found.partition) == ("123456789012", "eu-west-1", "aws")
    assert found.caller.startswith("arn:aws:sts::123456789012:")


def test_another_account_than_the_configured_one_is_refused() -> None:
    settings = Aws(region="eu-west-1", account="210987654321")
    with mock_aws(), pytest.raises(ConfigError, match="210987654321"):
        identify_account(AwsClients(settings), settings)


def test_arns_have_the_accounts_partition() -> None:
    account = Account("1" * 12, "cn-north-1", "aws-cn")
    assert account.arn("ecs", "cluster/a") == f"arn:aws-cn:ecs:cn-north-1:{'1' * 12}:cluster/a"
    assert account.role("a") == f"arn:aws-cn:iam::{'1' * 12}:role/a"
    assert account.role("arn:aws:iam::2:role/b") == "arn:aws:iam::2:role/b"
