"""The short form of `make soak`: one strategy, one signal, some of the writings."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.e2e.local_site import Client
from tests.e2e.ordeal import Ordeal
from tests.e2e.soak import soak

pytestmark = pytest.mark.e2e


def test_a_canary_that_gets_sigterm_fails_no_request_and_its_receipts_are_what_clients_counted(
    tmp_path: Path,
) -> None:
    ordeal = Ordeal(tmp_path)
    ordeal.set("canary")
    try:
        with Client(ordeal.site.port) as client:
            counts = soak(ordeal, client, signal.SIGTERM, every=15)
    finally:
        ordeal.close()
    assert counts["signalled"] >= 4
    assert counts["receipts"] >= 4
    assert client.failed == 0, client.seen
