"""Uploads that break: begun again, and given up with words."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.images.registries import client, unused

from shipway.core.errors import CannotRun, ConfigError, Unreachable
from shipway.core.images import oci
from shipway.core.images.exchange import Answer, Request
from shipway.core.images.reference import Reference
from shipway.effects.exchange import ScriptedExchange
from shipway.images.login import Credentials
from shipway.images.registry import Registry
from shipway.images.sending import Sender
from shipway.images.small import Small

DATA = b"0123456789"
DIGEST = oci.digest_of(DATA)
MISSING = Answer(404, {})


def sender(answer: Callable[[Request], Answer]) -> tuple[Sender, ScriptedExchange]:
    exchange = ScriptedExchange(answer)
    place = Registry(Reference("r.example", "town"), exchange, Credentials(), plain=False)
    return Sender(place, Small({DIGEST: DATA}), chunk=4), exchange


def test_an_upload_whose_session_is_lost_is_begun_again() -> None:
    sessions: list[str] = []

    def answer(request: Request) -> Answer:
        if request.method == "HEAD":
            return MISSING
        if request.method == "POST":
            sessions.append(f"/up/{len(sessions)}")
            return Answer(202, {"location": sessions[-1]})
        if request.url.startswith("https://r.example/up/0") and request.method == "PUT":
            return Answer(404, {})
        if request.method == "PATCH":
            return Answer(202, {"location": request.url})
        return Answer(201, {})

    one, exchange = sender(answer)
    assert one.send(DIGEST, len(DATA), lambda _: None)
    assert len(sessions) == 2
    ranges = [r.headers["content-range"] for r in exchange.asked if "content-range" in r.headers]
    assert ranges == ["0-3", "4-7", "8-9"] * 2
    assert exchange.asked[-1].url.endswith(f"?digest=sha256%3A{DIGEST[7:]}")


@pytest.mark.parametrize(
    "broken", [Answer(416, {}), Answer(500, {}), Answer(404, {}), Answer(202, {})]
)
def test_after_three_lost_uploads_it_says_so(broken: Answer) -> None:
    begun: list[int] = []

    def answer(request: Request) -> Answer:
        if request.method == "POST":
            begun.append(1)
            return Answer(202, {"location": "/up"})
        return MISSING if request.method == "HEAD" else broken

    one, _ = sender(answer)
    with pytest.raises(CannotRun) as caught:
        one.send(DIGEST, len(DATA), lambda _: None)
    assert len(begun) == 3 and "what has arrived is not sent twice" in caught.value.remedy


def test_who_may_not_write_is_told_at_once() -> None:
    def answer(request: Request) -> Answer:
        said = b'{"errors":[{"code":"DENIED","message":"not yours"}]}'
        return MISSING if request.method == "HEAD" else Answer(403, {}, said)

    one, exchange = sender(answer)
    with pytest.raises(ConfigError, match="DENIED not yours"):
        one.send(DIGEST, len(DATA), lambda _: None)
    assert len(exchange.asked) == 2


def test_a_registry_that_errs_at_the_first_question_is_no_missing_blob() -> None:
    one, _ = sender(lambda _: Answer(500, {}, b"<html>broken</html>"))
    with pytest.raises(CannotRun, match="answers 500: <html>broken"):
        one.send(DIGEST, len(DATA), lambda _: None)


def test_a_registry_that_nobody_runs_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        client(unused()).exists("1.0")
