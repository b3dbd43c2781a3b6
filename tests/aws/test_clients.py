"""Clients for AWS."""

from __future__ import annotations

import subprocess
import sys

import pytest

from shipway.aws.clients import AwsClients
from shipway.config.aws import Aws
from shipway.errors import ConfigError


def test_a_client_speaks_to_the_region_that_is_configured() -> None:
    client = AwsClients(Aws(region="af-south-1")).client("ecs")
    assert client.meta.region_name == "af-south-1"
    assert client.meta.config.retries["total_max_attempts"] == 1  # aws_retries.py does it


def test_a_service_has_one_client() -> None:
    clients = AwsClients(Aws(region="af-south-1"))
    assert clients.client("ecs") is clients.client("ecs")


def test_without_a_region_the_message_says_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(ConfigError, match="no AWS region") as caught:
        AwsClients(Aws()).client("ecs")
    assert "aws.region" in caught.value.remedy


def test_a_profile_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigError, match="nobody") as caught:
        AwsClients(Aws(profile="nobody")).client("ecs")
    assert "AWS_PROFILE" in caught.value.remedy


def test_boto3_is_not_imported_before_a_client_is_asked_for() -> None:
    code = (
        "import sys; from shipway.aws.clients import AwsClients;"
        "from shipway.config.aws import Aws;"
        "AwsClients(Aws()); print('boto3' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_the_region_is_also_what_the_surroundings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    assert AwsClients(Aws()).region == "eu-west-3"
    assert AwsClients(Aws(region="eu-west-1")).region == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "af-south-1")
    assert AwsClients(Aws()).region == "af-south-1"
