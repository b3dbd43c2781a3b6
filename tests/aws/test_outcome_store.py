"""Shared outcomes in a bucket: what is there, what is not, and what AWS refuses."""

from __future__ import annotations

import pytest
from tests.fakes.aws_account import FakeAccount
from tests.fakes.clock import VirtualClock

from shipway.aws.clients import AwsClients
from shipway.aws.outcome_store import S3OutcomeStore
from shipway.config.aws import Aws
from shipway.errors import ConfigError, Unreachable

NAME = "ab" * 32


@pytest.fixture
def account() -> FakeAccount:
    return FakeAccount(VirtualClock())


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("s3://shop/outcomes/town", f"outcomes/town/cas/{NAME}"),
        ("s3://shop/outcomes/", f"outcomes/cas/{NAME}"),
        ("s3://shop", f"cas/{NAME}"),
    ],
)
def test_what_is_put_can_be_asked_for(account: FakeAccount, address: str, key: str) -> None:
    store = S3OutcomeStore(address, account)
    store.open()
    assert store.get("cas", NAME, 100, 1) is None
    assert not store.has("cas", NAME, 1)
    store.put("cas", NAME, b"a log", 1)
    assert account.s3.objects == {key: b"a log"}
    assert store.has("cas", NAME, 1)
    assert store.get("cas", NAME, 100, 1) == b"a log"
    assert store.get("cas", NAME, 2, 1) == b"a l"
    assert {given["Bucket"] for *_, given in account.asked} == {"shop"}


def test_a_bucket_that_is_not_there_is_no_store(account: FakeAccount) -> None:
    account.s3.missing = True
    store = S3OutcomeStore("s3://shop/outcomes", account)
    for ask in (
        lambda: store.get("ac", NAME, 1, 1),
        lambda: store.has("ac", NAME, 1),
        lambda: store.put("ac", NAME, b"", 1),
    ):
        with pytest.raises(Unreachable, match=r"AWS refuses it \(NoSuchBucket\)"):
            ask()


def test_a_name_that_is_no_digest_is_never_asked_for(account: FakeAccount) -> None:
    with pytest.raises(ValueError, match="is no digest"):
        S3OutcomeStore("s3://shop", account).get("ac", "../../secret", 1, 1)
    assert account.asked == []


def test_without_a_region_it_cannot_be_opened() -> None:
    with pytest.raises(ConfigError, match="could not be found"):
        S3OutcomeStore("s3://shop", AwsClients(Aws(profile="no-such-profile"))).open()
