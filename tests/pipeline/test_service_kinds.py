"""Addresses and versions of services."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.config.tables import Service
from shipway.config.validation import validate
from shipway.errors import ConfigError
from shipway.pipeline.service_kinds import (
    KINDS,
    ServiceAddress,
    ServiceNote,
    major_version,
    nearest_version,
    service_note_from,
)
from shipway.ports import Server

POSTGRES = ServiceAddress(KINDS["postgres"], 5555, "secret")


def test_an_address_is_handed_over_in_the_usual_variable() -> None:
    url = "postgresql://postgres:secret@127.0.0.1:5555/postgres"
    assert POSTGRES.variables(Service("15")) == {"DATABASE_URL": url}
    assert ServiceAddress(KINDS["redis"], 7).variables(Service("7")) == {
        "REDIS_URL": "redis://127.0.0.1:7/0"
    }


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("mysql", "mysql://root:secret@127.0.0.1:7/application"),
        ("mongodb", "mongodb://127.0.0.1:7/application"),
        ("rabbitmq", "amqp://application:secret@127.0.0.1:7/"),
        ("memcached", "memcached://127.0.0.1:7"),
        ("elasticsearch", "http://127.0.0.1:7"),
        ("s3", "http://127.0.0.1:7"),
    ],
)
def test_each_kind_has_an_address_as_its_clients_take_it(name: str, url: str) -> None:
    password = "secret" if KINDS[name].user else ""
    assert ServiceAddress(KINDS[name], 7, password).url == url


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 65535))
def test_what_hands_a_service_over_can_always_be_filled_in(name: str, port: int) -> None:
    variables = ServiceAddress(KINDS[name], port, "secret").variables(Service("1"))
    assert set(variables) == set(KINDS[name].variables)
    assert not any("{" in value for value in variables.values())


def test_an_application_names_its_own_variables() -> None:
    env = {"PGPORT": "{port}", "DB": "x+{url}?a=b"}
    assert POSTGRES.variables(Service("15", env))["PGPORT"] == "5555"
    assert POSTGRES.variables(Service("15", env))["DB"].startswith("x+postgresql://")


@pytest.mark.parametrize("text", ["{nothing}", "{", "{0}", "{url.x}"])
def test_a_field_that_there_is_not_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be filled in") as raised:
        POSTGRES.variables(Service("15", {"X": text}))
    assert "{url}" in raised.value.remedy


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("15", 15),
        ("15.4", 15),
        ("postgres (PostgreSQL) 15.4 (Debian 15.4-1)", 15),
        ("Redis server v=7.0.15 sha=00000000:0", 7),
        ("none", 0),
    ],
)
def test_the_major_version_is_the_first_figure(text: str, number: int) -> None:
    assert major_version(text) == number


@given(st.integers(0, 99), st.lists(st.integers(0, 99), min_size=1))
def test_none_that_is_there_is_nearer(wanted: int, there: list[int]) -> None:
    found = nearest_version(wanted, tuple(there))
    assert found in there
    assert all(abs(found - wanted) <= abs(one - wanted) for one in there)


@given(st.text(), st.integers(1), st.text())
def test_a_note_is_read_back(folder: str, pid: int, born: str) -> None:
    note = ServiceNote(
        name="redis",
        owner=Server(pid, born),
        folder=folder,
        engine="docker",
        container="x",
        argv=("a", "b"),
        port=pid,
    )
    assert service_note_from(note.to_json()) == note


def test_a_note_without_an_owner_is_read_back() -> None:
    note = ServiceNote(name="redis", owner=None, folder="/x", ready=True)
    assert service_note_from(note.to_json()) == note


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"owner": 1}', '{"owner": {"pid": 1}}'])
def test_what_is_no_note_is_none(text: str) -> None:
    assert service_note_from(text) is None


def test_a_version_alone_is_short_for_the_table() -> None:
    config = validate({"services": {"postgres": "15", "redis": 7}}, "shipway.toml")
    assert config.services == {"postgres": Service("15"), "redis": Service("7")}
    long = validate({"services": {"redis": {"version": "7", "timeout": 5}}}, "shipway.toml")
    assert long.services["redis"].timeout == 5


@pytest.mark.parametrize("services", [{"oracle": "8"}, {"redis": True}, {"redis": {}}, 3])
def test_what_is_no_service_is_an_error_in_words(services: object) -> None:
    with pytest.raises(ConfigError, match="services"):
        validate({"services": services}, "shipway.toml")
