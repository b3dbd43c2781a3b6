"""The release that serves is deployed again, when its instances are not as they should be."""

from __future__ import annotations

import os
import signal

import pytest
from tests.e2e.local_site import GOOD, Client, Site, quiet
from tests.patience import until

from shipway.pipeline.outcome import Verdict
from shipway.ports import Server
from shipway.system.process import SystemProcesses

pytestmark = pytest.mark.e2e


def test_the_same_release_again_keeps_serving_with_as_many_instances_as_configured(
    site: Site,
) -> None:
    """Three run, one is stopped, two are configured."""
    site.set(instances=3)
    release = site.release("1.0", GOOD)
    site.platform().deploy(release, quiet)
    site.set(instances=2)
    stopped = site.platform().running[0]
    os.kill(stopped.pid, signal.SIGTERM)
    until(lambda: not SystemProcesses().alive(Server(stopped.pid, stopped.born)))
    with Client(site.port) as client:
        report = site.platform().deploy(release, quiet)
    assert report.verdict is Verdict.PASSED
    status = site.platform().status()
    assert [instance["health"] for instance in status["instances"]] == ["ok", "ok"]
    assert status["proxy"] and client.failed == 0, client.seen


def test_an_instance_that_hangs_is_replaced_by_the_same_release(site: Site) -> None:
    release = site.release("1.0", GOOD)
    site.platform().deploy(release, quiet)
    hanging = site.platform().running[0]
    os.killpg(hanging.pid, signal.SIGSTOP)
    report = site.platform().deploy(release, quiet)
    assert report.verdict is Verdict.PASSED
    after = site.platform().running
    assert len(after) == 2 and hanging.pid not in {instance.pid for instance in after}
    with Client(site.port) as client:
        assert site.platform().status()["proxy"]
    assert client.failed == 0, client.seen
