"""A real load on a server that does what its path says."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from tests.fakes.load import ScriptedLoad
from tests.patience import PATIENCE

from shipway.errors import CannotRun, ConfigError
from shipway.rehearsal.load import LoadPlan, LoadResponse, LoadTarget, summarize_load
from shipway.rehearsal.load_generator.process import ProcessLoad
from shipway.system.network import free_port

HEAD = b"HTTP/1.1 200 OK\r\nX-Release: one\r\n"


class Server:
    """Answers /, refuses to answer the others; counts connections."""

    def __init__(self) -> None:
        self.port = free_port()
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Server:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", self.port)
        asyncio.run_coroutine_threadsafe(start, self._loop).result(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(asyncio.IncompleteReadError):  # the client has hung up
            await self._answer(reader, writer)
        writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readuntil(b"\r\n\r\n"):
            path = request.split()[1]
            if path == b"/silent":
                await asyncio.sleep(PATIENCE)
            elif path == b"/stall":
                await asyncio.sleep(0.3)
            elif path == b"/cut":
                writer.write(HEAD + b"Content-Length: 9\r\n\r\nhalf")
            elif path == b"/nonsense":
                writer.write(b"what?\r\n\r\n")
            if path not in (b"/", b"/stall"):
                break
            writer.write(HEAD + b"Content-Length: 2\r\n\r\nok")
            if b"Connection: close" in request:
                break


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def load(port: int, folder: Path, path: str = "/", **more: float) -> Sequence[LoadResponse]:
    """A load to its planned end."""
    plan = LoadPlan(
        host="127.0.0.1",
        port=port,
        targets=(LoadTarget(path),),
        **{"rate": 100, "seconds": 1, **more},
    )  # type: ignore[arg-type]  # each is a number
    running = ProcessLoad(plan, str(folder / "load"))
    running.wait()
    return running.stop()


def test_all_of_a_plan_is_sent_and_answered_at_its_rate(server: Server, tmp_path: Path) -> None:
    sent = load(server.port, tmp_path, rate=200, fresh=0.25)
    found = summarize_load(sent)
    assert (found.requests, found.failed, found.releases) == (200, 0, {"one": 200})
    due = sorted(one.at for one in sent)
    assert due[-1] - due[0] == pytest.approx(199 / 200, abs=0.001)
    assert 25 < server.connections < 200  # about 50 fresh ones, and those that are kept


def test_what_a_stall_costs_is_counted_from_when_requests_were_due(
    server: Server, tmp_path: Path
) -> None:
    sent = load(server.port, tmp_path, "/stall", rate=50)
    assert Counter(one.error for one in sent) == {"": 50}
    assert min(one.latency for one in sent) >= 0.3
    due = sorted(one.at for one in sent)
    assert due[-1] - due[0] < 1.0  # nobody waited for an answer before asking


@pytest.mark.parametrize(
    ("path", "error"),
    [("/close", "closed"), ("/cut", "cut"), ("/nonsense", "malformed")],
)
def test_each_failure_has_its_name(server: Server, tmp_path: Path, path: str, error: str) -> None:
    sent = load(server.port, tmp_path, path, rate=20, seconds=0.5, timeout=PATIENCE)
    assert Counter(one.error for one in sent) == {error: 10}
    assert all(one.failed for one in sent)


def test_silence_is_a_failure_with_a_name_too(server: Server, tmp_path: Path) -> None:
    sent = load(server.port, tmp_path, "/silent", rate=20, seconds=0.5, timeout=0.4)
    assert Counter(one.error for one in sent) == {"timeout": 10}
    assert all(one.failed for one in sent)


def test_where_nobody_listens_it_is_refused(tmp_path: Path) -> None:
    sent = load(free_port(), tmp_path, rate=20, seconds=0.5)
    assert {one.error for one in sent} == {"refused"}


def test_no_more_are_on_their_way_than_allowed(server: Server, tmp_path: Path) -> None:
    sent = load(server.port, tmp_path, "/silent", rate=50, timeout=5, most_open=5)
    assert Counter(one.error for one in sent) == {"timeout": 5, "too many open": 45}


def test_it_is_watched_while_it_goes_on_and_stopped(server: Server, tmp_path: Path) -> None:
    plan = LoadPlan(
        host="127.0.0.1", port=server.port, targets=(LoadTarget("/"),), rate=50, seconds=600
    )
    running = ProcessLoad(plan, str(tmp_path / "load"))
    while len(running.sent()) < 10:
        pass
    sent = running.stop()
    assert 10 <= len(sent) < 5000
    assert summarize_load(sent).failed == 0


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org", "224.0.0.1"])
def test_another_machine_is_never_asked(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not an address of this machine"):
        ProcessLoad(
            LoadPlan(host=host, port=80, targets=(LoadTarget("/"),)), str(tmp_path / "load")
        )


def test_a_load_that_fails_says_so(tmp_path: Path) -> None:
    plan = LoadPlan(host="127.0.0.1", port=1, targets=(LoadTarget("/not ascii: é"),))
    running = ProcessLoad(plan, str(tmp_path / "load"))
    running.wait()
    with pytest.raises(CannotRun, match="the load failed"):
        running.stop()


def test_the_fake_says_what_it_is_told() -> None:
    fake = ScriptedLoad(list)
    assert (fake.sent(), fake.stop(), fake.stopped) == ([], [], True)
