"""kill -9 of an instance while a canary goes on: of the old release, and of the new one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.local_site import GOOD, Client, Site, quiet
from tests.e2e.rolling_out import rolling
from tests.patience import until

from shipway.pipeline.outcome import Verdict
from shipway.releases.release import Release
from shipway.rollouts.local.environment_lock import Signal
from shipway.rollouts.local.instances import Instance

pytestmark = pytest.mark.e2e


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    site.set(strategy="canary", canary_percent=50.0, step_bake=4.0, judged=False)
    yield site
    site.platform().down()
    site.record.close()


def kill_one(site: Site, release: Release) -> Instance:
    """One of its instances, as the kernel would for want of memory."""
    one = next(one for one in site.platform().running if one.digest == release.digest)
    os.killpg(one.pid, signal.SIGKILL)
    return one


def answers(client: Client) -> int:
    return sum(count for what, count in client.seen.items() if what.startswith("200"))


def test_of_the_old_release_it_is_replaced_while_the_rollout_goes_on(site: Site) -> None:
    one, two = site.release("1.0", GOOD), site.release("2.0", GOOD)
    site.platform().deploy(one, quiet)
    with rolling(site, two) as said, Client(site.port) as client:
        until(lambda: any("watch" in line for line in said))
        kill_one(site, one)
        until(lambda: any(f"an instance of {one.name} had ended: replaced" in s for s in said))
        before, failed = answers(client), client.failed
        time.sleep(0.5)
        assert answers(client) > before
        site.platform().environment.lease.send(Signal.STOP)
    assert failed <= 3  # at most what each of the three clients had in flight
    assert client.failed == failed  # and none after that
    assert site.record.rollouts("local")[0]["verdict"] == Verdict.ROLLED_BACK
    status = site.platform().status()
    assert [(i["release"], i["health"]) for i in status["instances"]] == [(one.name, "ok")] * 2


def test_of_the_new_release_it_is_rolled_back_with_cause_and_log(site: Site) -> None:
    one, two = site.release("1.0", GOOD), site.release("2.0", GOOD)
    site.platform().deploy(one, quiet)
    with rolling(site, two) as said, Client(site.port) as client:
        until(lambda: any("watch" in line for line in said))
        kill_one(site, two)
        time.sleep(0.5)
        failed = client.failed
        time.sleep(1.0)
    assert failed <= 3 and client.failed == failed
    receipt = site.record.rollouts("local")[0]
    assert receipt["verdict"] == Verdict.ROLLED_BACK
    assert receipt["report"]["cause"] == f"an instance of {two.name} ended while it served"
    assert "Booting worker" in "\n".join(receipt["report"]["log"])
    assert {i["release"] for i in site.platform().status()["instances"]} == {one.name}
