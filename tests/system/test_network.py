"""Free ports."""

from __future__ import annotations

import socket
import threading

import pytest
from tests.patience import PATIENCE

from shipway.errors import Busy, ConfigError
from shipway.system.network import free_port, name_resolves, raise_if_foreign


def test_a_free_port_can_be_listened_on_and_is_lent_to_no_client() -> None:
    port = free_port()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    assert port < 32768


def test_no_port_on_a_host_that_is_not_ours() -> None:
    with pytest.raises(Busy, match=r"no free port was found on 192\.0\.2\.1"):
        free_port("192.0.2.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "0.0.0.0"])
def test_an_address_of_this_machine_is_not_refused(host: str) -> None:
    raise_if_foreign(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "224.0.0.1", "localhost", "example.org", ""])
def test_any_other_address_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="is not an address of this machine"):
        raise_if_foreign(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "no-such-name.invalid"])
def test_a_name_that_is_answered_for_resolves_also_where_there_is_none(host: str) -> None:
    assert name_resolves(host, PATIENCE)


def test_a_lookup_that_takes_too_long_does_not_resolve() -> None:
    over = threading.Event()
    try:
        assert not name_resolves("a.example", 0.05, lambda *_: over.wait(PATIENCE))
    finally:
        over.set()
