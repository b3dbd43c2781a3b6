"""Which services an environment has, and what becomes of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pipeline.redis_service import REDIS, program

from shipway.config.schema import Config, Environment
from shipway.config.tables import Service
from shipway.errors import CannotRun
from shipway.pipeline.service_kinds import KINDS, ServiceNote
from shipway.rollouts.local.services import EnvironmentServices, data_folder, service_notes
from shipway.system.process import SystemProcesses


def services(folder: Path | str, names: list[str], **settings: object) -> EnvironmentServices:
    config = Config(services={name: Service(KINDS[name].version) for name in names})  # type: ignore[misc]
    environment = Environment(**settings)  # type: ignore[arg-type]
    return EnvironmentServices(config, environment, str(folder), SystemProcesses())


@given(st.sets(st.sampled_from(sorted(KINDS["s3"].variables))))
def test_a_service_is_needed_until_the_environment_sets_all_its_variables(own: set[str]) -> None:
    needed = services("/nowhere", ["s3"], env=dict.fromkeys(own, "x")).needed
    assert bool(needed) is (own != set(KINDS["s3"].variables))


def test_a_secret_that_the_caller_brings_counts_as_set() -> None:
    assert services("/nowhere", ["postgres"], secrets=("DATABASE_URL",)).needed == {}


def test_containers_are_told_why_they_have_no_service(tmp_path: Path) -> None:
    contained = services(tmp_path, ["postgres", "redis"], container="docker")
    with pytest.raises(CannotRun, match="do not reach postgres and redis at") as raised:
        contained.start(print)
    assert "[environments.NAME.env]" in raised.value.remedy
    assert list(service_notes(str(tmp_path))) == []


def test_what_a_killed_command_was_starting_is_removed_before_it_is_started_anew(
    tmp_path: Path,
) -> None:
    notes = tmp_path / "services"
    half = notes / "shipway-redis-0123456789ab"
    half.mkdir(parents=True)
    note = ServiceNote(name="redis", owner=None, folder=str(half), port=1)
    (notes / "redis.json").write_text(note.to_json())
    services(tmp_path, []).start(print)
    assert not half.exists()
    assert list(service_notes(str(tmp_path))) == []


def test_what_is_stopped_has_the_same_address_and_files_the_next_time(tmp_path: Path) -> None:
    program(tmp_path / "redis-server", REDIS)
    files = tmp_path / "services" / "shipway-redis-0123456789ab"
    files.mkdir(parents=True)
    note = ServiceNote(
        name="redis",
        owner=None,
        folder=str(files),
        argv=(str(tmp_path / "redis-server"), "--port", "24713"),
        port=24713,
        ready=True,
    )
    (tmp_path / "services" / "redis.json").write_text(note.to_json())
    environment = services(tmp_path, ["redis"])
    for _ in range(2):
        environment.start(print)
        assert environment.variables() == {"REDIS_URL": "redis://127.0.0.1:24713/0"}
        environment.stop()
    environment.remove()
    assert environment.variables() == {}
    assert not files.exists()


def test_as_root_the_files_are_where_a_server_that_is_not_root_gets_to(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    own = str(closed / "environment" / "services")
    expected = own if os.geteuid() else "/var/lib/shipway"
    assert data_folder(str(closed / "environment")) == expected
    assert data_folder("/usr/share/environment") == "/usr/share/environment/services"
