"""What users felt is counted from Envoy's access log, whatever is in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.rollouts.local.access_log import (
    BEGUN,
    ENDED,
    NO_RELEASE,
    AccessLog,
    log_size,
    mark_start,
)


def line(kind: str, number: int, **fields: object) -> str:
    entry = {
        "type": kind,
        "id": f"request {number}",
        "cluster": "new",
        "status": 200,
        "flags": "-",
        "milliseconds": 3,
        "synthetic": None,
        **fields,
    }
    return json.dumps(entry) + "\n"


def counted(folder: Path, text: str) -> dict[str, tuple[int, int, int]]:
    """cluster → requests, failed, aborted."""
    path = folder / "access.log"
    path.write_text(text)
    log = AccessLog(str(path), 0)
    log.read()
    assert log.complete
    return {name: (t.requests, t.failed, t.aborted) for name, t in log.traffic.items()}


def test_a_servers_error_and_an_answer_that_broke_off_are_failures(tmp_path: Path) -> None:
    text = line(ENDED, 1) + line(ENDED, 2, status=503, flags="UC") + line(ENDED, 3, flags="UC")
    assert counted(tmp_path, text) == {"new": (3, 2, 0)}


def test_a_clients_error_and_a_websocket_that_the_server_ends_are_no_failures(
    tmp_path: Path,
) -> None:
    text = line(ENDED, 1, status=404) + line(ENDED, 2, status=101, flags="UC")
    assert counted(tmp_path, text) == {"new": (2, 0, 0)}


def test_who_leaves_before_there_is_an_answer_gave_it_up(tmp_path: Path) -> None:
    text = line(ENDED, 1, status=0, flags="DC") + line(ENDED, 2, status=200, flags="DC")
    assert counted(tmp_path, text) == {"new": (2, 0, 1)}


def test_what_no_release_could_answer_failed(tmp_path: Path) -> None:
    assert counted(tmp_path, line(ENDED, 1, status=503, cluster=None)) == {NO_RELEASE: (1, 1, 0)}


def test_what_shipway_itself_asked_is_not_counted(tmp_path: Path) -> None:
    assert counted(tmp_path, line(ENDED, 1, synthetic="smoke test", status=500)) == {}


def test_what_was_open_when_an_envoy_was_started_again_failed_there(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(line(BEGUN, 1) + line(BEGUN, 2) + line(ENDED, 2) + line(BEGUN, 3)[:20])
    mark_start(str(path), 1.0)
    with path.open("a") as file:
        file.write(line(BEGUN, 4) + line(ENDED, 4))
    assert counted(tmp_path, path.read_text()) == {"new": (3, 1, 0)}


def test_what_is_no_line_of_envoys_is_passed_over(tmp_path: Path) -> None:
    text = 'null\n[]\n{}\nnot JSON\n{"type": "DownstreamEnd", "status": "x"}\n' + "[" * 10_000
    assert counted(tmp_path, f"{text}\n{line(ENDED, 1)}") == {"new": (1, 0, 0)}


def test_a_log_that_was_emptied_or_removed_is_not_complete(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(line(ENDED, 1))
    emptied, removed = AccessLog(str(path), log_size(str(path))), AccessLog(str(path), 0)
    removed.read()
    assert removed.complete
    path.write_text("")
    emptied.read()
    path.unlink()
    removed.read()
    assert not emptied.complete and not removed.complete


def test_a_log_that_is_no_file_is_not_complete_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "access.log")
    log = AccessLog(str(tmp_path / "access.log"), 0)
    log.read()
    assert not log.complete


requests = st.lists(
    st.tuples(st.sampled_from(["", "old", "new"]), st.sampled_from([0, 101, 200, 404, 500, 503])),
    max_size=30,
)


@given(answers=requests, pieces=st.lists(st.integers(1, 2000), max_size=20))
def test_every_request_is_counted_once_however_the_log_comes(
    tmp_path_factory: pytest.TempPathFactory, answers: list[tuple[str, int]], pieces: list[int]
) -> None:
    lines = [
        part
        for number, (cluster, status) in enumerate(answers)
        for part in (
            line(BEGUN, number, cluster=cluster, status=0),
            line(ENDED, number, cluster=cluster, status=status),
        )
    ]
    data = "".join(lines).encode()
    path = tmp_path_factory.mktemp("log") / "access.log"
    path.write_bytes(b"")
    log = AccessLog(str(path), 0)
    for size in [*pieces, len(data)]:
        with path.open("ab") as file:
            file.write(data[:size])
        data = data[size:]
        log.read()
    log.lose_open_requests()
    assert sum(traffic.requests for traffic in log.traffic.values()) == len(answers)
    failed = sum(status >= 500 or not status for _, status in answers)
    assert sum(traffic.failed for traffic in log.traffic.values()) == failed
    assert all(sum(t.durations) <= t.requests for t in log.traffic.values())
