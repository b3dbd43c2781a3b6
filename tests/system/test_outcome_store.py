"""Stores of shared outcomes: a real server on this machine with every fault, and a folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.outcome_server import Fault, OutcomeServer, outcome_server
from tests.patience import PATIENCE

from shipway.errors import CannotRun, ConfigError, Unreachable
from shipway.system.outcome_store import FolderOutcomeStore, HttpOutcomeStore, stored_path

DATA = b"a log\n" * 100
NAME = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server() -> Iterator[OutcomeServer]:
    with outcome_server() as store:
        yield store


def test_what_is_put_can_be_asked_for(server: OutcomeServer, tmp_path: Path) -> None:
    for store in (HttpOutcomeStore(server.url), FolderOutcomeStore(f"file://{tmp_path}/far")):
        assert not store.has("cas", NAME, PATIENCE)
        assert store.get("cas", NAME, 10_000, PATIENCE) is None
        store.put("cas", NAME, DATA, PATIENCE)
        assert store.has("cas", NAME, PATIENCE)
        assert store.get("cas", NAME, 10_000, PATIENCE) == DATA


def test_what_is_too_large_is_read_one_byte_further_and_no_more(
    server: OutcomeServer, tmp_path: Path
) -> None:
    server.fault = "oversized"
    for store in (HttpOutcomeStore(server.url), FolderOutcomeStore(f"file://{tmp_path}")):
        store.put("cas", NAME, DATA, PATIENCE)
        content = store.get("cas", NAME, 50, PATIENCE)
        assert content is not None and len(content) == 51


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("status", "it refuses these credentials (403)"),
        ("redirect", "it answers with a redirect (302), which is not followed"),
        ("cut", "it does not answer: peer closed connection"),
    ],
)
def test_a_store_that_does_not_answer_as_it_should_is_unreachable(
    server: OutcomeServer, fault: Fault, words: str
) -> None:
    store = HttpOutcomeStore(server.url)
    store.put("cas", NAME, DATA, PATIENCE)
    server.fault = fault
    with pytest.raises(Unreachable, match="^" + words.replace("(", r"\(").replace(")", r"\)")):
        store.get("cas", NAME, 10_000, PATIENCE)


@pytest.mark.parametrize("fault", ["hangs", "drips"])
def test_a_question_ends_with_its_time(server: OutcomeServer, fault: Fault) -> None:
    store = HttpOutcomeStore(server.url)
    store.put("cas", NAME, DATA, PATIENCE)
    server.fault = fault
    with pytest.raises(Unreachable) as raised:
        store.get("cas", NAME, 10_000, 0.2)
    assert raised.value.code == "timed-out"


def test_one_that_takes_no_large_files_takes_others(server: OutcomeServer) -> None:
    server.fault, server.status = "status", 413
    with pytest.raises(CannotRun, match=r"it takes no 0\.0 MB"):
        HttpOutcomeStore(server.url).put("cas", NAME, DATA, PATIENCE)
    server.status = 507
    with pytest.raises(Unreachable, match="507"):
        HttpOutcomeStore(server.url).put("cas", NAME, DATA, PATIENCE)


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="it does not answer"):
        HttpOutcomeStore("http://127.0.0.1:1").get("ac", NAME, 10, PATIENCE)


@pytest.mark.parametrize(
    ("credentials", "header"),
    [("", ""), ("t0ken-of-ours", "Bearer t0ken-of-ours"), ("ann:pw", "Basic YW5uOnB3")],
)
def test_credentials_are_a_token_or_a_user_with_a_password(
    server: OutcomeServer, credentials: str, header: str
) -> None:
    HttpOutcomeStore(server.url, credentials).has("ac", NAME, PATIENCE)
    assert server.asked == [("HEAD", f"/ac/{NAME}", header)]


def test_credentials_go_nowhere_unencrypted() -> None:
    with pytest.raises(
        ConfigError, match=r"would go to http://cache\.example unencrypted"
    ) as raised:
        HttpOutcomeStore("http://cache.example", "t0ken-of-ours")
    assert "t0ken" not in raised.value.message + raised.value.remedy
    HttpOutcomeStore("http://cache.example")
    HttpOutcomeStore("https://cache.example", "t0ken-of-ours")


@pytest.mark.parametrize("name", ["", "..", "../x", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_a_name_that_is_no_digest_becomes_no_part_of_a_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no digest"):
        stored_path("ac", name)
    with pytest.raises(ValueError, match="is no digest"):
        FolderOutcomeStore(f"file://{tmp_path}").put("ac", name, b"", PATIENCE)


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "ac").mkdir()
    os.mkfifo(tmp_path / "ac" / NAME)
    with pytest.raises(Unreachable, match="no regular file"):
        FolderOutcomeStore(f"file://{tmp_path}").get("ac", NAME, 10, PATIENCE)


def test_a_folder_that_cannot_be_written_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "cas").write_text("a file in its place")
    with pytest.raises(Unreachable, match="it cannot be written"):
        FolderOutcomeStore(f"file://{tmp_path}").put("cas", NAME, DATA, PATIENCE)
