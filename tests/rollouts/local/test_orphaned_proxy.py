"""A proxy that outlived its project's folder is told from every other program on a port."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.fakes.clock import VirtualClock

from shipway.config.schema import Environment
from shipway.errors import Busy
from shipway.rollouts.local.proxy import EnvoyProxy, orphaned_proxy
from shipway.system.http import RealHttp
from shipway.system.process import SystemProcesses

LISTEN = (
    "import socket, time; one = socket.create_server(('127.0.0.1', 0));"
    "print(one.getsockname()[1], flush=True); time.sleep(60)"
)


@contextmanager
def listening(folder: Path, *more: str) -> Iterator[tuple[int, int]]:
    """The pid and the port of a program with a proxy's arguments that listens."""
    argv = [sys.executable, "-c", LISTEN, "-c", str(folder / "bootstrap.json"), *more]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.kill()


def test_a_proxy_whose_folder_is_gone_is_named_with_its_pid(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    with listening(folder, "--use-dynamic-base-id") as (pid, port):
        assert orphaned_proxy(port) == (pid, str(folder))


def test_a_proxy_whose_folder_is_there_is_not_left_behind(tmp_path: Path) -> None:
    with listening(tmp_path, "--use-dynamic-base-id") as (_, port):
        assert orphaned_proxy(port) is None


def test_another_program_is_not_taken_for_a_proxy(tmp_path: Path) -> None:
    with listening(tmp_path / "gone") as (_, port):
        assert orphaned_proxy(port) is None


def test_a_proxy_left_behind_on_another_port_is_not_in_the_way(tmp_path: Path) -> None:
    with (
        listening(tmp_path / "gone", "--use-dynamic-base-id"),
        listening(tmp_path / "other") as (_, port),
    ):
        assert orphaned_proxy(port) is None


def test_the_next_proxy_says_who_has_its_port_and_how_to_end_it(tmp_path: Path) -> None:
    with listening(tmp_path / "gone", "--use-dynamic-base-id") as (pid, port):
        proxy = EnvoyProxy(
            folder=str(tmp_path),
            settings=Environment(port=port),
            processes=SystemProcesses(),
            http=RealHttp(),
            clock=VirtualClock(),
        )
        with pytest.raises(Busy, match=f"pid {pid}, whose folder is gone") as refused:
            proxy.start()
        assert refused.value.remedy == f"End it: kill {pid}"
