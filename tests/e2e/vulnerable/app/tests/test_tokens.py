"""Tests of the tokens."""

from quayside.accounts import invitation, page_tag

PASSWORD = "changeme-in-tests"


def test_an_invitation_is_long():
    assert len(invitation()) == 32


def test_a_page_tag_is_stable():
    assert page_tag(PASSWORD.encode()) == page_tag(PASSWORD.encode())
