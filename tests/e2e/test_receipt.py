"""What a receipt says of failures is what an outside client counted, where counters cannot know."""

from __future__ import annotations

import os
import signal
import time

import pytest
from tests.e2e.local_site import GOOD, Client, Site, last_receipt, quiet
from tests.e2e.rolling_out import rolling
from tests.patience import until

from shipway.pipeline.outcome import Verdict
from shipway.rollouts.local.environment_lock import Signal

pytestmark = pytest.mark.e2e
STUCK = GOOD.replace(
    "def app(environ, start):",
    'def app(environ, start):\n    "health" in environ["PATH_INFO"] or time.sleep(600)',
)
CUT_OFF = GOOD.replace("return [", "return pieces() if environ['PATH_INFO'] == '/slow' else [")
CUT_OFF += """
def pieces():
    yield b"begun"
    time.sleep(1)
    os._exit(1)
"""


@pytest.fixture
def canary(site: Site) -> Site:
    """Half of all requests, until somebody says otherwise."""
    site.set(
        strategy="canary",
        canary_percent=50.0,
        step_bake=600.0,
        judged=False,
        smoke=(),
        drain_timeout=1.0,
    )
    return site


def test_what_was_on_its_way_to_a_share_that_hangs_is_counted_when_it_ends(canary: Site) -> None:
    site = canary
    site.platform().deploy(site.release("1.0", GOOD), quiet)
    with Client(site.port) as client, rolling(site, site.release("2.0", STUCK)) as said:
        until(lambda: any("watch" in line for line in said))
        until(lambda: time.time() - max(request.ended for request in list(client.asked)) > 1.0)
        site.platform().environment.lease.send(Signal.STOP)
    receipt = last_receipt(site.record)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert receipt.failed == client.failed  # three, unless a client had not asked again yet
    assert client.failed in range(1, 4)
    assert client.differences(receipt) == {}


def test_an_answer_that_breaks_off_after_its_status_is_a_failure(canary: Site) -> None:
    site = canary
    site.platform().deploy(site.release("1.0", GOOD), quiet)
    with Client(site.port) as client, rolling(site, site.release("2.0", CUT_OFF)) as said:
        until(lambda: any("watch" in line for line in said))
        until(lambda: any("IncompleteRead" in answer for answer in client.seen))
        site.platform().environment.lease.send(Signal.STOP)
    receipt = last_receipt(site.record)
    assert receipt.failed > 0
    assert client.differences(receipt) == {}


def test_an_envoy_that_is_stopped_is_down_and_its_receipt_has_what_it_answers_later(
    canary: Site,
) -> None:
    site = canary
    site.platform().deploy(site.release("1.0", GOOD), quiet)
    with Client(site.port) as client, rolling(site, site.release("2.0", GOOD)) as said:
        until(lambda: any("watch" in line for line in said))
        envoy = site.platform().proxy.pid
        os.kill(envoy, signal.SIGSTOP)
        assert not site.platform().status()["proxy"]
        os.kill(envoy, signal.SIGCONT)
        assert site.platform().status()["proxy"]
        site.platform().environment.lease.send(Signal.STOP)
    assert client.failed == 0, client.seen
    assert client.differences(last_receipt(site.record)) == {}
