"""Hold, task and logs, with a real Envoy and a real gunicorn."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.in_process import alive, begun, only, project, shipway, shipway_process
from tests.e2e.tiny_application import APP
from tests.patience import PATIENCE

from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e
SAYS = '    print("asked for " + environ["PATH_INFO"], flush=True)\n'
LOUD = APP.replace("    start(", SAYS + "    start(")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Path]:
    configuration = (
        '[application]\nname = "tiny"\nserve = "gunicorn --bind {bind} tiny:app"\nhealth = "/"\n'
        f"{only()}[environments.local]\nport = {free_port()}\ninstances = 1\nhealth_timeout = 15\n"
    )
    files = {"tiny/__init__.py": LOUD, "requirements.txt": "gunicorn\n"}
    folder = project(tmp_path / "web", configuration, files)
    yield folder
    shipway(folder, "down", "local")


def test_held_released_deployed_asked_and_listened_to(web: Path) -> None:
    assert shipway(web, "run", "package").returncode == 0
    shipway(web, "hold", "local", "--reason", "not today")
    run = shipway(web, "run", "deploy-local")
    assert run.returncode == 1 and "local is held by" in run.stdout
    assert shipway_process(web, "deploy").returncode == 6
    shipway(web, "hold", "local", "--release")
    receipt = json.loads(shipway_process(web, "deploy", "--json").stdout)
    assert receipt["verdict"] == "passed"

    code = "import os, tiny; print(os.environ['RELEASE']); raise SystemExit(4)"
    done = shipway(web, "task", "local", "--", "python", "-c", code)
    assert (done.returncode, done.stdout.strip()) == (1, receipt["release"])
    assert "exit code 4" in done.stderr
    asked = shipway(web, "task", "local", "--json", "--", "python", "-c", "print('hello')")
    assert json.loads(asked.stdout) == {"code": 0, "reason": ""}
    assert asked.stderr == "hello\n"

    script = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    asking = begun(web, "task", "local", "--", "python", "-c", script)
    assert asking.stdout is not None
    asked_for = int(asking.stdout.readline())
    asking.send_signal(signal.SIGTERM)
    assert asking.wait(PATIENCE) == 130
    assert not alive(asked_for)

    following = begun(web, "logs", "-f")
    assert following.stdout is not None
    RealHttp().get(receipt["address"] + "/first")
    for line in following.stdout:  # until it is seen, in the past or as it comes
        if "asked for /first" in line:
            break
    RealHttp().get(receipt["address"] + "/second")
    for line in following.stdout:
        if "asked for /second" in line:
            break
    following.send_signal(signal.SIGINT)
    assert following.wait(PATIENCE) == 130
    lines = shipway(web, "logs", "--json").stdout.splitlines()
    objects = [json.loads(line) for line in lines]
    (told,) = [one for one in objects if "asked for /second" in one["line"]]
    assert told["instance"].startswith(receipt["release"] + " at 127.0.0.1:")
