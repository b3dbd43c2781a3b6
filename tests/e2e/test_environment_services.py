"""An environment on this machine has services of its own, with real servers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from tests.e2e.local_site import Site, quiet

from shipway.config.tables import Service
from shipway.pipeline.outcome import Verdict
from shipway.rollouts.local.services import EnvironmentServices, service_notes
from shipway.system.network import service_answers
from shipway.system.process import SystemProcesses

pytestmark = pytest.mark.e2e

# Counts its visits in Redis, in the language of Redis itself.
COUNTER = """
import json, os, socket
from urllib.parse import urlsplit
redis = urlsplit(os.environ["REDIS_URL"])
def app(environ, start):
    word = b"INCR visits" if environ["PATH_INFO"] == "/visit" else b"PING"
    with socket.create_connection((redis.hostname, redis.port), 5) as connection:
        connection.sendall(word + b"\\r\\n")
        answer = connection.recv(64).decode().strip()
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"ok": True, "answer": answer}).encode()]
"""


@pytest.fixture
def counting(site: Site) -> Iterator[Site]:
    """A site whose application needs Redis."""
    site.config = replace(site.config, services={"redis": Service("9")})
    yield site
    site.platform().down()
    services_of(site).remove()


def services_of(site: Site) -> EnvironmentServices:
    folder = str(site.folder / "environments" / "local")
    environment = site.config.environments["local"]
    return EnvironmentServices(site.config, environment, folder, SystemProcesses())


def visits(site: Site) -> str:
    answer = httpx.get(f"{site.platform().address}/visit", timeout=10)
    return str(json.loads(answer.text)["answer"])


def test_what_an_environment_needs_runs_and_its_data_stay_over_down(counting: Site) -> None:
    release = counting.release("1", COUNTER)
    assert counting.platform().deploy(release, quiet).verdict is Verdict.PASSED
    assert [visits(counting), visits(counting)] == [":1", ":2"]
    [(_, note)] = service_notes(str(counting.folder / "environments" / "local"))
    assert counting.platform().down() > 0
    assert not service_answers("redis", "127.0.0.1", note.port, timeout=0.5)
    assert counting.platform().deploy(release, quiet).verdict is Verdict.PASSED
    assert visits(counting) == ":3"


def test_a_service_that_has_died_is_there_again_with_its_data_at_the_next_command(
    counting: Site,
) -> None:
    release = counting.release("1", COUNTER)
    counting.platform().deploy(release, quiet)
    assert visits(counting) == ":1"
    [(_, note)] = service_notes(str(counting.folder / "environments" / "local"))
    processes = SystemProcesses()
    server = processes.orphans(note.log)
    assert server
    processes.stop(server, 0.0)
    assert counting.platform().deploy(release, quiet).verdict is Verdict.PASSED
    assert visits(counting) == ":2"


def test_a_variable_that_the_environment_sets_itself_wins_and_nothing_is_started(
    tmp_path: Path, site: Site
) -> None:
    site.set(env={"REDIS_URL": "redis://elsewhere:1/0"})
    config = replace(site.config, services={"redis": Service("9")})
    services = EnvironmentServices(
        config, config.environments["local"], str(tmp_path), SystemProcesses()
    )
    services.start(print)
    assert services.variables() == {}
    assert list(service_notes(str(tmp_path))) == []
