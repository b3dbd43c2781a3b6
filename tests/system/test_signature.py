"""Signatures: whose they are, and what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.errors import ConfigError
from shipway.system.signature import PrivateKey, new_private_key, verify_signature

KEY, OTHER = PrivateKey(new_private_key()), PrivateKey(new_private_key())


@given(st.binary(), st.binary())
def test_a_signature_is_of_one_key_and_one_text(data: bytes, other: bytes) -> None:
    signature = KEY.sign(data)
    assert verify_signature(KEY.public_key, signature, data)
    assert not verify_signature(OTHER.public_key, signature, data)
    assert verify_signature(KEY.public_key, signature, other) is (data == other)


@given(st.text(), st.binary())
def test_what_is_no_key_or_no_signature_verifies_nothing(key: str, signature: bytes) -> None:
    assert not verify_signature(key, signature, b"data")


def test_the_test_vector_of_rfc_8032_holds() -> None:
    """Section 7.1, test 2, with the keys in base64."""
    key = PrivateKey("TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs=")
    assert key.public_key == "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
    assert key.sign(b"\x72").hex().startswith("92a009a9f0d4cab8720e820b5f642540")


@pytest.mark.parametrize(
    "text", ["", "n0-key-at-all", "AAAA", "TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs"]
)
def test_a_text_that_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        PrivateKey(text)
    assert not text or text not in raised.value.message + raised.value.remedy
