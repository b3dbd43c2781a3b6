"""Which addresses, keys and variables `[cache]` takes."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.config.cache_address import is_cache_address, is_public_key, is_variable_or_empty
from shipway.config.secret_values import secret_values
from shipway.config.validation import validate
from shipway.errors import ConfigError


@pytest.mark.parametrize(
    "address",
    ["", "https://c.example", "http://127.0.0.1:8080/x", "s3://bucket", "s3://b/p/q", "file:///c"],
)
def test_an_address_of_a_store_is_taken(address: str) -> None:
    assert is_cache_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "c.example",
        "ftp://c.example",
        "https://",
        "https://ann:pw@c.example",
        "https://c.example?token=x",
        "https://c.example#x",
        "https://c.example:port",
        "https://c.example/../x",
        "https://c.example/\nx",
        "file://elsewhere/c",
        "file:///",
        "file:///a/../../etc",
        "s3:///prefix",
    ],
)
def test_what_is_no_address_or_may_hold_a_secret_is_refused(address: str) -> None:
    assert not is_cache_address(address)
    with pytest.raises(ConfigError, match=r"cache\.remote"):
        validate({"cache": {"remote": address}}, "shipway.toml")


@given(st.binary(max_size=40))
def test_a_public_key_has_32_bytes(data: bytes) -> None:
    assert is_public_key(b64encode(data).decode()) is (len(data) == 32)


@given(st.text(max_size=50))
def test_any_text_is_answered(text: str) -> None:
    for accepts in (is_cache_address, is_public_key, is_variable_or_empty):
        assert accepts(text) in (True, False)


def test_the_variables_of_the_cache_hold_secrets() -> None:
    config = validate(
        {"cache": {"remote": "https://c.example", "credentials": "TOWN"}}, "shipway.toml"
    )
    environment = {"TOWN": "t0ken-of-ours", "SHIPWAY_CACHE_KEY": "a-private-key"}
    assert {"t0ken-of-ours", "a-private-key"} <= set(secret_values(config, environment))
    assert secret_values(validate({}, "shipway.toml"), environment) == ()
