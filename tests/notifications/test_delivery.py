"""Letters to servers that are slow, busy, broken or gone."""

from __future__ import annotations

import logging

import pytest
from tests.fakes.clock import VirtualClock
from tests.fakes.notifier import RecordingNotifier
from tests.notifications.webhook_server import Answer, hook
from tests.patience import PATIENCE

from shipway.notifications.delivery import HttpNotifier
from shipway.ports import Clock, Delivery, WebhookRequest
from shipway.system.clock import SystemClock
from shipway.system.network import free_port

SECRET = "xoxb-" + "".join(map(str, range(10)))  # not written out: scanners look for such


def send(
    url: str,
    limit: float = PATIENCE,
    *,
    answers_ok: bool = False,
    clock: Clock | None = None,
    chance: float = 0.1,
) -> Delivery:
    letter = WebhookRequest(
        "slack", url, b'{"text":"hello"}', {"authorization": f"Bearer {SECRET}"}, answers_ok
    )
    return HttpNotifier(clock or SystemClock(), lambda: chance).send(letter, limit)


def test_a_letter_arrives_with_its_body_and_headers() -> None:
    with hook(Answer()) as there:
        delivery = send(there.url)
    headers, body, _ = there.got[0]
    assert (delivery.problem, delivery.attempts) == ("", 1)
    assert body == b'{"text":"hello"}'
    assert headers["authorization"] == f"Bearer {SECRET}"


def test_429_is_waited_out_as_long_as_it_asks_for() -> None:
    with hook(Answer(429, {"Retry-After": "1"}), Answer()) as there:
        delivery = send(there.url)
    first, second = (when for _, _, when in there.got)
    assert (delivery.problem, delivery.attempts) == ("", 2)
    assert second - first >= 1.0


def test_429_that_asks_for_longer_than_there_is_is_given_up_at_once() -> None:
    with hook(Answer(429, {"Retry-After": "3600"})) as there:
        delivery = send(there.url)
    assert len(there.got) == 1
    assert delivery.problem.startswith("it answered 429; given up after one attempt")
    assert delivery.problem.endswith("(it asks to wait 3600 s)")


def test_500_is_tried_again_until_it_does_better() -> None:
    with hook(Answer(500), Answer(503), Answer()) as there:
        delivery = send(there.url)
    assert (delivery.problem, delivery.attempts, len(there.got)) == ("", 3, 3)


def test_attempts_are_logged_without_the_address_which_is_a_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "shipway")
    with hook(Answer(500), Answer()) as there:
        send(there.url)
    first, wait, second = caplog.messages
    assert first.startswith("POST to slack, attempt 1: it answered 500, ")
    assert wait.startswith("attempt 2 comes in ")
    assert second.startswith("POST to slack, attempt 2: delivered, ")
    assert there.url not in caplog.text
    assert SECRET not in caplog.text


def test_500_for_ever_ends_in_time() -> None:
    clock = VirtualClock()  # only waiting takes time, however busy the machine is
    with hook(Answer(500)) as there:
        delivery = send(there.url, 60.0, clock=clock, chance=0.99)
    assert len(there.got) == delivery.attempts >= 2
    assert delivery.problem.startswith("it answered 500; given up after ")
    assert clock.time - VirtualClock().time <= 60.0


def test_a_connection_that_is_dropped_is_tried_again() -> None:
    with hook(Answer(dropped=True), Answer()) as there:
        delivery = send(there.url)
    assert (delivery.problem, delivery.attempts) == ("", 2)


def test_a_server_that_says_nothing_costs_no_more_than_the_limit() -> None:
    with hook(Answer(delay=PATIENCE)) as there:  # waited for, it would be good
        delivery = send(there.url, 0.8)
    assert "it did not answer within" in delivery.problem


def test_an_answer_that_drips_costs_no_more_than_the_limit() -> None:
    with hook(Answer(body=b"x" * 1000, drip=0.3)) as there:
        delivery = send(there.url, 0.8)
    assert delivery.problem == "it did not answer within 0.8 s"


def test_when_the_time_is_over_the_last_problem_is_said() -> None:
    with hook(Answer(503), Answer(body=b"x" * 1000, drip=0.3)) as there:
        delivery = send(there.url, 4.0)
    words = "it answered 503; given up after one attempt: the time is over"
    assert (delivery.problem, delivery.attempts) == (words, 2)


def test_nobody_listening_is_a_problem_and_no_exception() -> None:
    delivery = send(f"http://127.0.0.1:{free_port()}/", clock=VirtualClock(), chance=0.99)
    assert delivery.problem.startswith("it cannot be reached (ConnectError)")


@pytest.mark.parametrize("status", [301, 400, 403, 404, 410])
def test_what_another_attempt_cannot_help_is_tried_once(status: int) -> None:
    with hook(Answer(status, {"Location": "/elsewhere"}, b"no_service")) as there:
        delivery = send(there.url)
    assert len(there.got) == 1
    assert delivery.problem == f"it answered {status} (no_service)"


def test_what_somebody_else_answers_is_not_repeated_where_it_is_no_word() -> None:
    with hook(Answer(400, {}, b"\x1b[2J<b>" + SECRET.encode())) as there:
        assert send(there.url).problem == "it answered 400"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"ok": true}', ""),
        (
            b'{"ok": false, "error": "channel_not_found"}',
            "it refused the message: channel_not_found",
        ),
        (b'{"ok": false, "error": "<script>"}', "it refused the message: no word of why"),
        (b"[1]", "it refused the message: no word of why"),
        (b"ok", "it refused the message: no word of why"),
    ],
)
def test_slacks_web_api_says_in_its_answer_whether_it_took_it(body: bytes, problem: str) -> None:
    with hook(Answer(body=body)) as there:
        delivery = send(there.url, answers_ok=True)
    assert (delivery.problem, len(there.got)) == (problem, 1)


def test_slacks_own_trouble_is_tried_again() -> None:
    busy = Answer(body=b'{"ok": false, "error": "internal_error"}')
    with hook(busy, Answer(body=b'{"ok": true}')) as there:
        delivery = send(there.url, answers_ok=True)
    assert (delivery.problem, delivery.attempts) == ("", 2)


@pytest.mark.parametrize("url", ["", "hooks.slack.com/x", "ftp://x/", "http://[::", "http://\x00/"])
def test_an_address_that_cannot_be_used_is_not_repeated_in_the_problem(url: str) -> None:
    delivery = send(url, 3.0)
    assert delivery.problem
    assert "slack.com" not in delivery.problem


def test_a_token_with_a_line_break_is_a_problem_that_does_not_show_it() -> None:
    letter = WebhookRequest("slack", "http://127.0.0.1:1/", b"", {"authorization": f"{SECRET}\n"})
    delivery = HttpNotifier(SystemClock()).send(letter, 1.0)
    assert delivery.problem
    assert SECRET not in delivery.problem
    assert SECRET not in repr(letter)


def test_the_fake_keeps_letters() -> None:
    fake = RecordingNotifier("down")
    letter = WebhookRequest("webhook", "http://x/", b"1")
    assert fake.send(letter, 1.0) == Delivery("webhook", "down", 1, 0.0)
    assert fake.letters == [letter]
