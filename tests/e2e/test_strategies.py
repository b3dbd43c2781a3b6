"""Every strategy with real Envoy and gunicorn, under a client that never stops asking."""

from __future__ import annotations

import os
import re
import signal
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest
from tests.e2e.local_site import GOOD, Client, Site, last_receipt, quiet
from tests.e2e.rolling_out import rolling
from tests.patience import until

from shipway.config.schema import Pause
from shipway.errors import Busy
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.local.envoy import RELEASE_HEADER
from shipway.system.http import RealHttp
from shipway.system.network import free_port

pytestmark = pytest.mark.e2e

BAD = GOOD.replace(
    'start("200 OK"', 'start("200 OK" if "health" in environ["PATH_INFO"] else "500 No"'
)
HANGING = """
import os, time
def app(environ, start):
    if "health" not in environ["PATH_INFO"] and int(time.time() * 1000) % 5 == 0:
        time.sleep(60)
    start("200 OK", [("X-Release", os.environ["RELEASE"])])
    return [b"{}"]
"""
STRATEGIES = {
    "rolling": {"batch": 2},
    "blue-green": {"bake": 1.0},
    "linear": {"step_percent": 50.0, "step_bake": 1.0, "judged": False},
    "canary": {"canary_percent": 25.0, "step_bake": 1.0, "judged": False},
}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_forward_and_back_fail_no_request(site: Site, strategy: str) -> None:
    site.set(strategy=strategy, **STRATEGIES[strategy])
    one, two = site.release("1.0", GOOD), site.release("2.0", GOOD)
    site.platform().deploy(one, quiet)
    with Client(site.port) as client:
        receipt = site.platform().deploy(two, quiet)
        time.sleep(0.5)
        back = site.platform().rollback("", quiet)
        time.sleep(0.5)
    assert (receipt.verdict, back.verdict) == (Verdict.PASSED, Verdict.PASSED), receipt.cause
    assert client.failed == 0, client.seen
    assert client.differences(receipt) == client.differences(back) == {}
    assert set(client.seen) == {f"200 {one.name}", f"200 {two.name}"}
    assert receipt.strategy == strategy and receipt.failed == 0
    assert set(receipt.releases) == {one.name, two.name}
    weights = [sample["weight"] for sample in receipt.samples]
    assert weights == sorted(weights)
    assert len(site.platform().running) == 2


def test_a_canary_that_answers_500_is_rolled_back_by_the_judge(site: Site) -> None:
    site.set(strategy="canary", canary_percent=20.0, step_bake=600.0, smoke=())
    good = site.release("1.0", GOOD)
    site.platform().deploy(good, quiet)
    with Client(site.port) as client:
        receipt = site.platform().deploy(site.release("2.0", BAD), quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "the judge rolled it back: " in receipt.cause
    assert receipt.evidence[-1]["decision"] == "roll back"
    assert receipt.seconds < 600.0  # its bake was cut short
    assert 0 < client.failed < sum(client.seen.values()) / 2
    assert client.differences(receipt) == {}
    assert site.platform().status()["release"] == good.name


def test_a_canary_that_never_answers_some_requests_is_rolled_back_by_the_judge(
    site: Site,
) -> None:
    site.set(strategy="canary", canary_percent=50.0, step_bake=600.0, smoke=(), probes=0.0)
    serve = "gunicorn --bind {bind} --threads 100 app:app"
    site.config = replace(site.config, application=replace(site.config.application, serve=serve))
    good = site.release("1.0", GOOD)
    site.platform().deploy(good, quiet)
    with ExitStack() as clients:
        for _ in range(4):
            clients.enter_context(Client(site.port, gives_up_after=2.0))
        receipt = site.platform().deploy(site.release("2.0", HANGING), quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "the judge rolled it back: " in receipt.cause
    assert re.search(r"; \d+ had no answer after [\d.]+ s; ", receipt.cause), receipt.cause
    assert site.platform().status()["release"] == good.name


def test_test_traffic_meets_the_new_release_before_anybody_else_does(site: Site) -> None:
    site.set(
        strategy="blue-green",
        test_port=(tested := free_port()),
        pauses={"POST_TEST_TRAFFIC_SHIFT": Pause(20)},
    )
    one, two = site.release("1.0", GOOD), site.release("2.0", GOOD)
    assert site.platform().deploy(one, quiet).verdict is Verdict.PASSED
    with rolling(site, two) as said:
        until(lambda: any("paused" in line for line in said))
        http = RealHttp()
        public, test = f"http://127.0.0.1:{site.port}/", f"http://127.0.0.1:{tested}/"
        found = http.get(public)
        assert found.headers.get("x-release") == one.name, (found.status, found.body)
        assert http.get(test).headers["x-release"] == two.name
        named = {RELEASE_HEADER: one.digest[:12]}
        assert http.get(test, headers=named).headers["x-release"] == one.name
        with pytest.raises(Busy, match="told to continue"):
            site.platform().resume(quiet)
    assert RealHttp().get(public).headers["x-release"] == two.name


def test_cancel_undoes_a_rollout_that_another_command_carries_out(site: Site) -> None:
    site.set(strategy="canary", canary_percent=50.0, step_bake=60.0, judged=False)
    one, two = site.release("1.0", GOOD), site.release("2.0", GOOD)
    site.platform().deploy(one, quiet)
    with Client(site.port) as client, rolling(site, two) as said:
        until(lambda: any("watch" in line for line in said))
        with pytest.raises(Busy, match="told to stop"):
            site.platform().cancel(quiet)
    assert client.failed == 0
    assert last_receipt(site.record).verdict is Verdict.ROLLED_BACK
    assert client.differences(last_receipt(site.record)) == {}
    assert RealHttp().get(f"http://127.0.0.1:{site.port}/").headers["x-release"] == one.name


def test_sticky_clients_stay_with_their_release(site: Site) -> None:
    site.set(strategy="canary", canary_percent=50.0, step_bake=60.0, judged=False, sticky=True)
    one, two = site.release("1.0", GOOD), site.release("2.0", GOOD)
    assert site.platform().deploy(one, quiet).verdict is Verdict.PASSED
    with rolling(site, two) as said:
        until(lambda: any("watch" in line for line in said))
        for _ in range(6):
            first = RealHttp().get(f"http://127.0.0.1:{site.port}/")
            cookie = {"cookie": first.headers["set-cookie"].partition(";")[0]}
            again = [
                RealHttp().get(f"http://127.0.0.1:{site.port}/", headers=cookie) for _ in range(4)
            ]
            assert {one.headers["x-release"] for one in again} == {first.headers["x-release"]}
        with pytest.raises(Busy):
            site.platform().cancel(quiet)


def test_a_killed_envoy_is_started_again_while_the_command_runs(site: Site) -> None:
    site.set(strategy="canary", canary_percent=50.0, step_bake=4.0, judged=False)
    site.platform().deploy(site.release("1.0", GOOD), quiet)
    with Client(site.port) as client, rolling(site, site.release("2.0", GOOD)) as said:
        until(lambda: any("watch" in line for line in said))
        time.sleep(1.0)
        os.kill(site.platform().proxy.pid, signal.SIGKILL)
        killed = time.time()
        until(lambda: any(a.begun > killed and not a.failed for a in list(client.asked)))
    receipt = last_receipt(site.record)
    assert receipt.outages == 1
    assert receipt.downtime > 0
    assert receipt.failed >= 1  # at the least the slow one that was on its way
    assert client.differences(receipt, [killed]) == {}
