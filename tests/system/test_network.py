"""Free ports."""

from __future__ import annotations

import socket

import pytest

from shipway.errors import Busy, ConfigError
from shipway.system.network import free_port, raise_if_foreign


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
