"""Free ports."""

from __future__ import annotations

import socket

import pytest

from shipway.core.errors import Busy
from shipway.effects.address import free_port


def test_a_free_port_can_be_listened_on_and_is_lent_to_no_client() -> None:
    port = free_port()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    assert port < 32768


def test_no_port_on_a_host_that_is_not_ours() -> None:
    with pytest.raises(Busy, match=r"no free port was found on 192\.0\.2\.1"):
        free_port("192.0.2.1")
