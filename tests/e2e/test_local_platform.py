"""Real Envoy, real gunicorn, a client that never stops asking."""

from __future__ import annotations

import os
import signal
import socket
import time

import pytest
from tests.e2e.local_site import GOOD, Client, Site, quiet

from shipway.config.schema import Application, Config
from shipway.errors import Busy, ConfigError
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.events import LineListener
from shipway.rollouts.local.platform import LocalPlatform
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp
from shipway.system.process import SystemProcesses

pytestmark = pytest.mark.e2e
SICK = "def app(environ, start):\n    start('500 No', [])\n    return [b'']\n"
CRASHES = "raise RuntimeError('this release cannot start')\n"
HANGS = "import time\ntime.sleep(600)\n"


def test_rolling_forward_and_back_fails_no_request(site: Site) -> None:
    one, two = site.release("1.0", GOOD), site.release("2.0", GOOD)
    assert site.platform().deploy(one, quiet).verdict is Verdict.PASSED
    with Client(site.port) as client:
        time.sleep(0.5)
        receipt = site.platform().deploy(two, quiet)
        time.sleep(0.5)
        back = site.platform().rollback("", quiet)
        time.sleep(0.5)
    assert (receipt.verdict, back.verdict) == (Verdict.PASSED, Verdict.PASSED)
    assert client.failed == 0, client.seen
    assert set(client.seen) == {f"200 {one.name}", f"200 {two.name}"}
    assert back.release == one.name
    assert receipt.requests > 20
    assert receipt.failed == 0
    assert site.platform().status()["release"] == one.name


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (SICK, "/health answers 500"),
        (CRASHES, "ended while it was starting"),
        (HANGS, "/health does not answer"),
    ],
)
def test_a_bad_release_is_rolled_back_and_the_old_one_never_stops(
    site: Site, code: str, words: str
) -> None:
    good = site.release("1.0", GOOD)
    site.platform().deploy(good, quiet)
    site.set(health_timeout=4)  # so long it is waited for, in vain
    with Client(site.port) as client:
        receipt = site.platform().deploy(site.release("2.0", code), quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert words in receipt.cause
    assert client.failed == 0, client.seen
    assert set(client.seen) == {f"200 {good.name}"}
    status = site.platform().status()
    assert status["release"] == good.name
    assert [one["health"] for one in status["instances"]] == ["ok", "ok"]


def test_a_failed_smoke_test_brings_the_old_release_back(site: Site) -> None:
    good = site.release("1.0", GOOD)
    site.platform().deploy(good, quiet)
    wrong = site.release("2.0", GOOD.replace('{"ok": true}', '{"ok": false}'))
    receipt = site.platform().deploy(wrong, quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "smoke test failed: / has False at ok instead of True" in receipt.cause
    assert {one["release"] for one in site.platform().status()["instances"]} == {good.name}


def test_a_failing_migration_moves_nothing(site: Site) -> None:
    site.config = Config(
        application=Application(name="tiny", serve="unused", migrate="false"),
        environments=site.config.environments,
    )
    receipt = site.platform().deploy(site.release("1.0", GOOD), quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "the migration ended with exit code 1" in receipt.cause
    assert site.platform().status()["instances"] == []


def test_the_next_command_heals_what_was_killed(site: Site) -> None:
    one = site.release("1.0", GOOD)
    site.platform().deploy(one, quiet)
    platform = site.platform()
    killed = platform.running[0].pid
    os.killpg(killed, signal.SIGKILL)
    os.killpg(platform.proxy.pid, signal.SIGKILL)
    time.sleep(0.3)
    said: list[str] = []
    assert site.platform().deploy(one, LineListener(said.append)).verdict is Verdict.PASSED
    assert any("had ended: replaced" in line for line in said)
    assert any("Envoy was not running" in line for line in said)
    status = site.platform().status()
    assert killed not in {instance["pid"] for instance in status["instances"]}
    assert RealHttp().get(f"http://127.0.0.1:{site.port}/").status == 200


def test_the_same_release_again_does_nothing(site: Site) -> None:
    one = site.release("1.0", GOOD)
    site.platform().deploy(one, quiet)
    before = [instance.pid for instance in site.platform().running]
    said: list[str] = []
    site.platform().deploy(one, LineListener(said.append))
    assert "runs already" in said[-1]
    assert [instance.pid for instance in site.platform().running] == before


def test_a_port_of_somebody_else_is_named_and_nothing_is_left(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", site.port))
        other.listen()
        with pytest.raises(Busy, match=f"port {site.port} on 127.0.0.1 is taken"):
            site.platform().deploy(site.release("1.0", GOOD), quiet)
    assert site.platform().status()["instances"] == []


def test_two_commands_at_once_are_kept_apart(site: Site) -> None:
    platform = site.platform()
    with (
        platform.environment.lease.acquire(),
        pytest.raises(Busy, match="another command works on local"),
    ):
        site.platform().down()


def test_without_an_earlier_release_there_is_nothing_to_go_back_to(site: Site) -> None:
    with pytest.raises(ConfigError, match="no earlier good release"):
        site.platform().rollback("", quiet)
    with pytest.raises(ConfigError, match="no environment is named"):
        LocalPlatform(
            site.config,
            "moon",
            str(site.folder),
            SystemProcesses(),
            RealHttp(),
            SystemClock(),
            site.record,
        )


def test_down_stops_everything_and_keeps_the_data(site: Site) -> None:
    site.platform().deploy(site.release("1.0", GOOD), quiet)
    (site.folder / "environments/local/data").mkdir(exist_ok=True)
    servers = [instance.server for instance in site.platform().running]
    assert site.platform().down() == 3
    assert not any(SystemProcesses().alive(server) for server in servers)
    assert (site.folder / "environments/local/data").is_dir()
    assert list(site.platform().logs()) == []


def test_an_envoy_that_does_not_answer_is_not_up(site: Site) -> None:
    site.platform().deploy(site.release("1.0", GOOD), quiet)
    assert site.platform().status()["proxy"]
    os.killpg(site.platform().proxy.pid, signal.SIGSTOP)
    try:
        assert not site.platform().status()["proxy"]
    finally:
        os.killpg(site.platform().proxy.pid, signal.SIGCONT)
    assert site.platform().status()["proxy"]
