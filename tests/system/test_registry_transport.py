"""HTTP for registries: what is tried again, how often, how long, and with what body."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.fakes.clock import VirtualClock
from tests.patience import PATIENCE

from shipway.errors import Unreachable
from shipway.system.http import HttpRegistryTransport, RegistryRequest, is_this_machine


class Twice:
    """A body of three bytes, which counts how often it is read."""

    size = 3

    def __init__(self) -> None:
        self.read = 0

    def pieces(self) -> Iterator[bytes]:
        self.read += 1
        yield b"ab"
        yield b"c"


@pytest.fixture
def hangs() -> Iterator[threading.Event]:
    """What is waited for until the test is over."""
    event = threading.Event()
    yield event
    event.set()


def exchange(
    answer: Callable[[httpx.Request], httpx.Response], clock: VirtualClock
) -> HttpRegistryTransport:
    return HttpRegistryTransport(clock, httpx.MockTransport(answer), jitter=lambda: 1.0)


def test_what_may_be_well_in_a_moment_is_tried_again_with_the_whole_body() -> None:
    answers = [httpx.Response(503), httpx.Response(500), httpx.Response(201, headers={"X-Y": "z"})]
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        return answers.pop(0)

    clock, body = VirtualClock(0), Twice()
    found = exchange(answer, clock).ask(RegistryRequest("PUT", "https://r.example/x", content=body))
    assert (found.status, found.headers["x-y"]) == (201, "z")
    assert bodies == [b"abc"] * 3 and body.read == 3
    assert clock.now() == 0.5 + 1.0


def test_the_length_of_a_body_is_said_and_no_chunks_are_used() -> None:
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(202)

    exchange(answer, VirtualClock()).ask(RegistryRequest("PATCH", "https://r/x", content=Twice()))
    assert seen[0]["content-length"] == "3" and "transfer-encoding" not in seen[0]


def test_a_registry_that_says_when_to_come_again_is_believed_within_limits() -> None:
    delays = ({"Retry-After": "7"}, {"Retry-After": "9000"})
    answers = [*(httpx.Response(429, headers=header) for header in delays), httpx.Response(200)]
    clock = VirtualClock(0)
    limited = exchange(lambda _: answers.pop(0), clock).ask(RegistryRequest("GET", "https://r/x"))
    assert limited.status == 429  # coming again earlier would be refused, too
    assert clock.now() == 7 + 0.5


@pytest.mark.parametrize("takes", [0.0, 1.0, 10.0])
def test_who_never_answers_is_unreachable_within_the_deadline(takes: float) -> None:
    clock, asked = VirtualClock(0), []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        clock.sleep(takes)
        raise httpx.ConnectError("refused")

    with pytest.raises(
        Unreachable, match=r"r\.example did not answer for \d+ s \(\d attempts\): refused"
    ) as caught:
        exchange(answer, clock).ask(RegistryRequest("GET", "https://r.example/x"))
    assert f"({len(asked)} attempts)" in caught.value.message
    assert clock.now() <= 15.0 + takes


def test_a_host_that_has_answered_is_waited_for_longer() -> None:
    clock, answers = VirtualClock(0), [httpx.Response(200)]

    def answer(request: httpx.Request) -> httpx.Response:
        if answers:
            return answers.pop()
        raise httpx.ReadError("cut off")

    transport = exchange(answer, clock)
    transport.ask(RegistryRequest("GET", "https://r/x"))
    with pytest.raises(Unreachable, match="r did not answer for 1"):
        transport.ask(RegistryRequest("GET", "https://r/x"))
    assert 100 < clock.now() <= 120


def test_a_large_body_has_the_time_that_it_takes() -> None:
    clock, sizes = VirtualClock(0), []

    def answer(request: httpx.Request) -> httpx.Response:
        sizes.append(request.extensions["timeout"]["read"])
        return httpx.Response(201)

    class Large(Twice):
        size = 1 << 30

    transport = HttpRegistryTransport(clock, httpx.MockTransport(answer), first_answer=1.0)
    transport.ask(RegistryRequest("PUT", "https://r/x", content=Large()))
    transport.ask(RegistryRequest("PUT", "https://other/x", content=Twice()))
    assert sizes == [60.0, pytest.approx(1.0, abs=0.1)]


def test_a_lookup_that_hangs_ends_at_the_deadline(hangs: threading.Event) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        hangs.wait(PATIENCE)  # as getaddrinfo does where no resolver answers
        return httpx.Response(200)

    clock = VirtualClock(0)
    transport = HttpRegistryTransport(clock, httpx.MockTransport(answer), first_answer=0.2)
    with pytest.raises(Unreachable, match=r"^r did not answer for 0 s .*no answer within"):
        transport.ask(RegistryRequest("GET", "https://r/x"))


@pytest.mark.parametrize("status", [200, 301, 401, 404])
def test_any_other_answer_is_returned_at_once(status: int) -> None:
    clock = VirtualClock(0)
    found = exchange(lambda _: httpx.Response(status, text="body"), clock).ask(
        RegistryRequest("GET", "https://r/x")
    )
    assert (found.status, found.body, clock.now()) == (status, b"body", 0)


def test_the_last_try_gives_what_it_got() -> None:
    found = exchange(lambda _: httpx.Response(503), VirtualClock()).ask(
        RegistryRequest("GET", "http://r/")
    )
    assert found.status == 503


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("[::1]:80", True),
        ("127.1.2.3:1", True),
        ("r.example", False),
        ("localhost.example:5000", False),
        ("10.0.0.1:127", False),
    ],
)
def test_this_machine_is_known_by_its_names(host: str, here: bool) -> None:
    assert is_this_machine(host) is here


def test_every_try_is_logged_without_the_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shipway")
    answers = [httpx.Response(503), httpx.Response(200)]
    request = RegistryRequest("PUT", "https://registry.example/v2/web?signature=hidden")
    exchange(lambda _: answers.pop(0), VirtualClock()).ask(request)
    first, wait, second = caplog.messages
    assert first.startswith("PUT https://registry.example/v2/web: 503 in ")
    assert wait.startswith("attempt 2 comes in ")
    assert second.startswith("PUT https://registry.example/v2/web: 200 in ")
    assert "hidden" not in caplog.text
