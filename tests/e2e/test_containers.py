"""Instances as containers, in a real engine behind a real Envoy."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.e2e import engine
from tests.e2e.local_site import Client, Site, quiet

from shipway.pipeline.outcome import Verdict
from shipway.releases.release import Release
from shipway.rollouts.events import LineListener

pytestmark = pytest.mark.e2e


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    engine.engine()
    site = Site(tmp_path)
    site.set(container="docker", health_timeout=20, drain_timeout=5)
    yield site
    left = {one.name for one in site.platform().running}
    site.platform().down()
    site.record.close()
    assert not left & set(names())


def names() -> list[str]:
    """Every container, also those that have ended."""
    return engine.docker("ps", "--all", "--format", "{{.Names}}").splitlines()


def release(site: Site, version: str, **kind: bool) -> Release:
    image = engine.image(site.folder / f"image-{version}", **kind)
    return replace(site.release(version, ""), image=image)


def test_forward_and_back_by_containers_fails_no_request(site: Site) -> None:
    one, two = release(site, "1.0"), release(site, "2.0")
    assert site.platform().deploy(one, quiet).verdict is Verdict.PASSED
    with Client(site.port) as client:
        assert site.platform().deploy(two, quiet).verdict is Verdict.PASSED
        assert {f"200 {two.name}"} <= set(client.seen)
        assert site.platform().rollback("", quiet).verdict is Verdict.PASSED
    assert client.failed == 0, client.seen
    assert sum(client.seen.values()) > 50


def test_an_image_that_crashes_is_rolled_back_with_what_it_said(site: Site) -> None:
    one, bad = release(site, "1.0"), release(site, "2.0", crash=True)
    assert site.platform().deploy(one, quiet).verdict is Verdict.PASSED
    with Client(site.port) as client:
        receipt = site.platform().deploy(bad, quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "ended while it was starting" in receipt.cause
    assert receipt.log[-1] == "this release cannot start"
    assert client.failed == 0, client.seen


def test_a_container_whose_carrier_was_killed_is_replaced_and_removed(site: Site) -> None:
    one = release(site, "1.0")
    assert site.platform().deploy(one, quiet).verdict is Verdict.PASSED
    killed = site.platform().running[0]
    os.killpg(killed.pid, signal.SIGKILL)
    said: list[str] = []
    assert site.platform().deploy(one, LineListener(said.append)).verdict is Verdict.PASSED
    assert any("had ended: replaced" in line for line in said)
    assert killed.name not in names()
    assert [i["health"] for i in site.platform().status()["instances"]] == ["ok", "ok"]


def test_an_image_that_is_not_there_is_told_in_dockers_words(site: Site) -> None:
    one = release(site, "1.0")
    assert site.platform().deploy(one, quiet).verdict is Verdict.PASSED
    missing = replace(site.release("2.0", ""), image="127.0.0.1:1/none@sha256:" + "0" * 64)
    receipt = site.platform().deploy(missing, quiet)
    assert receipt.verdict is Verdict.ROLLED_BACK
    assert "127.0.0.1:1" in " ".join(receipt.log)
