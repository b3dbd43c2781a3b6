"""Signatures as Standard Webhooks has them."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode

from hypothesis import given
from hypothesis import strategies as st

from shipway.notifications.webhooks import signed_headers, webhook_signature


@given(st.binary(), st.binary(min_size=24, max_size=64), st.integers(0, 2**33))
def test_a_receiver_that_knows_the_secret_comes_to_the_same(
    body: bytes, key: bytes, at: int
) -> None:
    heads = signed_headers(body, "whsec_" + b64encode(key).decode(), at)
    content = f"{heads['webhook-id']}.{heads['webhook-timestamp']}.".encode() + body
    version, _, given_one = heads["webhook-signature"].partition(",")
    assert version == "v1"
    assert b64decode(given_one) == hmac.digest(key, content, "sha256")
    assert heads["webhook-timestamp"] == str(at)


def test_the_specifications_own_example() -> None:
    # github.com/standard-webhooks/standard-webhooks, libraries/python: its test of a signature.
    found = webhook_signature(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_that_is_no_base64_is_taken_as_it_stands() -> None:
    for secret in ("open sesame", "whsec_öä", "whsec_%%%"):
        heads = signed_headers(b"{}", secret, 1.0)
        content = f"{heads['webhook-id']}.1.".encode() + b"{}"
        expected = b64encode(hmac.digest(secret.encode(), content, "sha256")).decode()
        assert heads["webhook-signature"] == f"v1,{expected}"


def test_the_same_message_has_the_same_id_and_another_has_another() -> None:
    first, again, other = (
        signed_headers(body, "s", 1.0)["webhook-id"] for body in (b"a", b"a", b"b")
    )
    assert first == again != other
