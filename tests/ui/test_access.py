"""Who may see the pages and press the buttons."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.ui.access import Access, Asked, Refusal

ACCESS = Access(4747)
OWN = Asked(
    host=ACCESS.host,
    origin=f"http://{ACCESS.host}",
    site="same-origin",
    cookie=ACCESS.key,
)
TEXTS = st.text(st.characters())


def test_our_own_page_may_press_a_button() -> None:
    assert ACCESS.refuse_action(OWN, ACCESS.token) is None
    assert ACCESS.refuse_action(replace(OWN, site=""), ACCESS.token) is None


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:4747", "localhost:4747", Access(4747).host],
    ids=("by number", "localhost", "of another start"),  # that name is another one each time
)
def test_the_names_that_other_servers_here_have_too_are_not_those_of_the_pages(host: str) -> None:
    """Their cookies go to every port."""
    assert ACCESS.refuse_sign_in(replace(OWN, host=host), ACCESS.key) is Refusal.HOST


def test_at_port_80_browsers_name_no_port() -> None:
    access = Access(80)
    assert access.address == f"http://{access.label}.localhost/#{access.key}"
    host = f"{access.label}.localhost"
    asked = Asked(host=host, origin=f"http://{host}", site="same-origin", cookie=access.key)
    assert access.refuse_action(asked, access.token) is None


@given(TEXTS.filter(lambda host: host != ACCESS.host))
def test_under_another_name_nothing_is_answered(host: str) -> None:
    asked = replace(OWN, host=host, origin=f"http://{host}")
    assert ACCESS.refuse_reader(asked) is Refusal.HOST
    assert ACCESS.refuse_sign_in(asked, ACCESS.key) is Refusal.HOST
    assert ACCESS.refuse_action(asked, ACCESS.token) is Refusal.HOST


@given(TEXTS.filter(lambda origin: origin != OWN.origin))
def test_another_origin_presses_no_button_and_gets_no_cookie(origin: str) -> None:
    asked = replace(OWN, origin=origin)
    assert ACCESS.refuse_action(asked, ACCESS.token) is Refusal.ORIGIN
    assert ACCESS.refuse_sign_in(asked, ACCESS.key) is Refusal.ORIGIN


def test_another_server_on_this_machine_is_another_origin() -> None:
    """It is the same site for a browser, so that a strict cookie comes with its requests."""
    neighbour = replace(OWN, origin="http://127.0.0.1:8080", site="same-site")
    assert ACCESS.refuse_action(neighbour, ACCESS.token) is Refusal.ORIGIN
    assert ACCESS.refuse_action(replace(OWN, site="cross-site"), ACCESS.token) is Refusal.ORIGIN


@given(TEXTS.filter(lambda key: key != ACCESS.key))
def test_without_the_key_there_is_no_page_no_cookie_and_no_button(key: str) -> None:
    asked = replace(OWN, cookie=key)
    assert ACCESS.refuse_reader(asked) is Refusal.KEY
    assert ACCESS.refuse_action(asked, ACCESS.token) is Refusal.KEY
    assert ACCESS.refuse_sign_in(OWN, key) is Refusal.KEY


@given(TEXTS.filter(lambda token: token != ACCESS.token))
def test_a_form_without_the_token_does_nothing(token: str) -> None:
    assert ACCESS.refuse_action(OWN, token) is Refusal.TOKEN


def test_each_start_has_keys_of_its_own_that_no_log_shows() -> None:
    other = Access(4747)
    assert len({ACCESS.key, ACCESS.token, other.key, other.token}) == 4
    assert ACCESS.key not in repr(ACCESS) and ACCESS.token not in repr(ACCESS)
    assert ACCESS.host != other.host and ACCESS.label not in repr(ACCESS)
    assert re.fullmatch(r"http://shipway-\w+\.localhost:4747/#.{43}", ACCESS.address)
