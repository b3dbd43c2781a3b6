"""AWS that is busy, that cannot be reached, and that never says a word: one deadline."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import VirtualClock
from tests.patience import not_hanging

from shipway.aws.clients import AwsClients
from shipway.aws.errors import AwsApiError, translate_aws_errors
from shipway.aws.retry import Patience, Retries, may_pass
from shipway.config.aws import Aws

SHORT = Patience(first_answer=2.0, connect=0.3, read=0.3)
THROTTLED = (400, b'{"__type": "ThrottlingException", "message": "Rate exceeded"}')
BROKEN = (503, b"<html>a proxy says that nobody is there</html>")
DENIED = (400, b'{"__type": "AccessDeniedException", "message": "no"}')
GOOD = (200, b'{"clusterArns": []}')
CUT = "EndpointConnectionError"


class Service:
    """ECS on this machine: gives its answers one by one, the last one for ever."""

    def __init__(self) -> None:
        self.answers = [GOOD]
        self.asked = 0
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                service.asked += 1
                status, body = service.answers[0]
                if len(service.answers) > 1:
                    service.answers.pop(0)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Has AWS be at an address, with keys that nobody looks at."""
    for name in ("AWS_PROFILE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return lambda address: monkeypatch.setenv("AWS_ENDPOINT_URL", address)


def clients(clock: VirtualClock | None = None, patience: Patience | None = None) -> AwsClients:
    return AwsClients(Aws(region="af-south-1"), clock, patience)


@pytest.mark.parametrize("passing", [THROTTLED, BROKEN])
def test_what_passes_is_asked_again_by_the_clock(
    service: Service, led: Callable[[str], None], passing: tuple[int, bytes]
) -> None:
    led(service.address)
    service.answers = [passing, passing, GOOD]
    clock = VirtualClock()
    began = clock.now()
    assert clients(clock).client("ecs").list_clusters()["clusterArns"] == []
    assert service.asked == 3
    assert 1.5 <= clock.now() - began <= 3


def test_every_attempt_and_every_wait_is_logged(
    service: Service, led: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    led(service.address)
    caplog.set_level(logging.INFO, "shipway")
    service.answers = [THROTTLED, GOOD]
    clients(VirtualClock()).client("ecs").list_clusters()
    first, wait, second = caplog.messages
    assert first.startswith("AWS POST ecs ListClusters: ThrottlingException, attempt 1, ")
    assert wait.startswith("AWS ecs (ThrottlingException) is asked again in ")
    assert second.startswith("AWS POST ecs ListClusters: 200, attempt 2, ")


def test_minutes_of_throttling_are_survived_and_not_hours(
    service: Service, led: Callable[[str], None]
) -> None:
    led(service.address)
    service.answers = [THROTTLED]
    clock = VirtualClock()
    began = clock.now()
    with pytest.raises(AwsApiError, match=r"AWS is busy: .*ListClusters"), translate_aws_errors():
        clients(clock).client("ecs").list_clusters()
    assert 500 < clock.now() - began <= Patience().later


def test_what_only_a_proxy_answers_is_told_soon(
    service: Service, led: Callable[[str], None]
) -> None:
    led(service.address)
    service.answers = [BROKEN]
    clock = VirtualClock()
    began = clock.now()
    with pytest.raises(ClientError):
        clients(clock).client("ecs").list_clusters()
    assert clock.now() - began <= Patience().first_answer


def test_a_refusal_is_not_asked_again(service: Service, led: Callable[[str], None]) -> None:
    led(service.address)
    service.answers = [DENIED]
    with pytest.raises(ClientError, match="AccessDenied"):
        clients(VirtualClock()).client("ecs").list_clusters()
    assert service.asked == 1


def test_every_page_is_asked_for_again(service: Service, led: Callable[[str], None]) -> None:
    led(service.address)
    more = (200, b'{"clusterArns": ["a"], "nextToken": "b"}')
    service.answers = [THROTTLED, more, THROTTLED, GOOD]
    pages = clients(VirtualClock()).client("ecs").get_paginator("list_clusters").paginate()
    assert [page["clusterArns"] for page in pages] == [["a"], []]
    assert service.asked == 4


def ask(address: str, led: Callable[[str], None]) -> str:
    """What is said of an AWS that cannot be reached."""
    led(address)
    with not_hanging(), pytest.raises(AwsApiError) as caught, translate_aws_errors():
        clients(patience=SHORT).client("ecs").list_clusters()
    assert "HTTPS_PROXY" in caught.value.remedy and "aws.region" in caught.value.remedy
    return caught.value.message


def test_one_that_refuses_is_named(led: Callable[[str], None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    message = ask(address, led)  # it listens no more
    assert message.startswith("AWS does not answer: ")
    assert address in message


def test_one_that_takes_the_call_and_never_answers_is_named(led: Callable[[str], None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        message = ask(address, led)
    assert message.startswith("AWS does not answer: ")
    assert address in message


def test_a_name_that_nobody_resolves_is_told_in_time(led: Callable[[str], None]) -> None:
    led("https://aws.example")
    clock, lookups = VirtualClock(), []

    def dead(host: str, seconds: float) -> bool:
        lookups.append(host)
        clock.sleep(seconds)
        return False

    session = get_session()
    Retries(clock, lambda: 0.5, resolves=dead).join(session)
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    client = session.create_client("ecs", region_name="af-south-1", config=once)
    began = clock.now()
    with (
        pytest.raises(AwsApiError, match=r"nobody resolved .* aws\.example for 3 s") as caught,
        translate_aws_errors(),
    ):
        client.list_clusters()
    assert caught.value.code == "aws-unreachable"
    assert set(lookups) == {"aws.example"} and len(lookups) > 1
    assert clock.now() - began <= Patience().first_answer


def test_a_name_is_looked_up_once_and_not_where_a_proxy_does_it(
    service: Service, led: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    led(service.address)
    lookups: list[str] = []
    session = get_session()
    Retries(VirtualClock(), lambda: 0.5, resolves=lambda host, _: not lookups.append(host)).join(
        session
    )
    client = session.create_client("ecs", region_name="af-south-1")
    client.list_clusters()
    client.list_clusters()
    assert lookups == ["127.0.0.1"]
    led("http://aws.example")
    monkeypatch.setenv("HTTP_PROXY", service.address)
    session.create_client("ecs", region_name="af-south-1").list_clusters()
    assert lookups == ["127.0.0.1"]


def test_credentials_are_fetched_with_the_same_deadline(
    led: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        led(f"http://127.0.0.1:{server.getsockname()[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name, raising=False)
        (tmp_path / "token").write_text("token")
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/ci")
        with not_hanging(), pytest.raises(BotoCoreError) as caught:
            clients(patience=SHORT).client("ecs").list_clusters()
    assert type(caught.value).__name__ == "ReadTimeoutError"


# -- the rule --------------------------------------------------------------------------------

RANDOM = st.floats(0, 1)
LONGEST = Patience().connect + Patience().read  # seconds that an attempt may take


def silent(retries: Retries, clock: VirtualClock, attempt: float, service: str = "ecs") -> float:
    """Ask something that never answers, each attempt so long; how long that took."""
    began = clock.now()
    asked, attempts = retries.asked(service), 1
    while True:
        clock.sleep(attempt)
        if not retries.again(service, CUT, attempts, asked):
            return clock.now() - began
        attempts += 1


@given(random=RANDOM, attempt=st.floats(0, LONGEST))
def test_a_first_answer_is_waited_for_so_long_and_no_longer(random: float, attempt: float) -> None:
    clock = VirtualClock()
    retries = Retries(clock, lambda: random)
    assert silent(retries, clock, attempt) <= Patience().first_answer
    later = [silent(retries, clock, attempt) for _ in range(5)]
    assert sum(later) <= Patience().first_answer + 5 * attempt  # one deadline for all of them


@given(random=RANDOM, attempt=st.floats(0, Patience().read))
def test_who_has_answered_is_waited_for_longer(random: float, attempt: float) -> None:
    clock = VirtualClock()
    retries = Retries(clock, lambda: random)
    retries.asked("ecs")
    retries.answered("ecs")
    limit = Patience().later
    assert limit / 2 < silent(retries, clock, attempt) <= limit + attempt
    assert silent(retries, clock, 1.0, "ecr") <= Patience().first_answer  # another endpoint


@pytest.mark.parametrize("code", ["", "AccessDeniedException", "NoCredentialsError", "404"])
def test_what_does_not_pass(code: str) -> None:
    assert not may_pass(code)


@given(random=RANDOM)
def test_one_that_refuses_at_once_is_asked_three_times(random: float) -> None:
    clock = VirtualClock()
    retries = Retries(clock, lambda: random)
    asked = retries.asked("ecs")
    assert [retries.again("ecs", CUT, attempts, asked) for attempts in (1, 2, 3)][:2] == [True] * 2
