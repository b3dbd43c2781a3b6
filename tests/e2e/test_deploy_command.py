"""`shipway deploy` on its own, with a real Envoy and a real gunicorn."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.in_process import begun, shipway, shipway_process
from tests.e2e.tiny_application import APP, tiny_project
from tests.patience import PATIENCE

from shipway.system.http import RealHttp

pytestmark = pytest.mark.e2e
SLOW = "import time\n\ntime.sleep(600)\n" + APP
SICK = 'raise RuntimeError("this cannot start")\n'


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Path]:
    folder = tiny_project(tmp_path / "web")
    yield folder
    shipway(folder, "down", "local")


def test_what_is_packaged_is_deployed_and_what_is_sick_is_not(web: Path) -> None:
    assert shipway(web, "run", "package").returncode == 0
    first = shipway_process(web, "deploy", "--json")
    assert first.returncode == 0, first.stderr
    receipt = json.loads(first.stdout)
    assert (receipt["verdict"], receipt["failed"]) == ("passed", 0)
    assert first.stderr  # what was done, beside the JSON
    assert RealHttp().get(receipt["address"]).body == b"hello"

    (web / "tiny" / "__init__.py").write_text(SICK)
    assert shipway(web, "run", "package").returncode == 0
    sick = shipway_process(web, "deploy", "local")
    assert sick.returncode in (1, 3), sick.stdout
    assert "why:  " in sick.stdout
    assert "next: " in sick.stdout
    assert "  | " in sick.stdout
    assert "this cannot start" in sick.stdout
    assert RealHttp().get(receipt["address"]).body == b"hello"
    status = shipway(web, "status", "--history")
    assert status.returncode == 0, status.stdout
    assert re.search(r"#1 .* passed", status.stdout)

    assert "processes stopped" in shipway(web, "down").stdout
    assert "nothing runs" in shipway(web, "status").stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_rollout_goes_back_at_a_signal(web: Path, number: signal.Signals) -> None:
    """As it does at Ctrl-C."""
    assert shipway(web, "run", "package").returncode == 0
    first = json.loads(shipway_process(web, "deploy", "--json").stdout)
    (web / "tiny" / "__init__.py").write_text(SLOW)
    assert shipway(web, "run", "package").returncode == 0
    with begun(web, "deploy") as second:
        assert second.stdout is not None
        while "start" not in second.stdout.readline():
            assert second.poll() is None
        second.send_signal(number)
        said, errors = second.communicate(timeout=PATIENCE)
    assert second.returncode == 3, said + errors
    assert "it was interrupted" in said
    assert RealHttp().get(first["address"]).body == b"hello"
    status = json.loads(shipway(web, "status", "--json").stdout)
    assert (status["release"], status["rollout"]) == (first["release"], None)
