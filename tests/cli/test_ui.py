"""`shipway ui` as a process: its address, its port, its end."""

from __future__ import annotations

import http.client
import re
import signal
import socket
from pathlib import Path

import pytest
from tests.cli.in_process import begun, project, shipway
from tests.left_out import leave_out
from tests.patience import PATIENCE

from shipway.cli.ui_command import carry_out


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return project(tmp_path / "town", '[steps.a]\nrun = "true"\ninputs = []\n')


def test_two_at_once_have_two_ports_and_ctrl_c_ends_each_well(town: Path) -> None:
    with begun(town, "ui", "--no-open") as first, begun(town, "ui", "--no-open") as second:
        ports = []
        for server in (first, second):
            assert server.stdout
            address = re.search(r"http://(\S+\.localhost:(\d+))/#\S+", server.stdout.readline())
            assert address
            ports.append(int(address[2]))
            for host, status in ((address[1], 401), (f"127.0.0.1:{address[2]}", 421)):
                connection = http.client.HTTPConnection("127.0.0.1", ports[-1], timeout=PATIENCE)
                connection.request("GET", "/", headers={"Host": host})
                assert connection.getresponse().status == status
                connection.close()
        assert ports[0] != ports[1]
        for server in (first, second):
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=PATIENCE)
            assert (server.returncode, errors) == (0, "")


def test_a_port_that_was_asked_for_and_is_taken_is_told(town: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = shipway(town, "ui", "--no-open", "--port", str(port))
    assert done.returncode == 2
    assert f"the pages cannot be served at 127.0.0.1:{port}" in done.stderr
    assert "explain port-taken" in done.stderr


def test_who_has_the_port_at_the_other_loopback_address_gets_no_page_of_ours(town: Path) -> None:
    """Browsers ask [::1] too, and it may be another user's server."""
    try:
        taken = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        leave_out("IPv6", "this machine has no ::1")
    with taken:
        port = taken.getsockname()[1]
        done = shipway(town, "ui", "--no-open", "--port", str(port))
    assert done.returncode == 2
    assert f"the pages cannot be served at [::1]:{port}" in done.stderr


def test_the_command_behind_a_button_leaves_its_exit_code(town: Path, tmp_path: Path) -> None:
    file = tmp_path / "1.log.code"
    handlers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
    kept = [signal.getsignal(number) for number in handlers]
    try:
        assert carry_out(str(file), ["-C", str(town), "cancel", "nowhere"]) == 2
        assert file.read_text() == "2\n"
        assert carry_out(str(file), ["no-such-command"]) == 2
        assert carry_out(str(file), ["-C", str(town), "history"]) == 0
        assert file.read_text() == "0\n"
    finally:
        for number, handler in zip(handlers, kept, strict=True):
            signal.signal(number, handler)
