"""Posts letters to Slack and to webhooks, and insists where that may help."""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Callable
from typing import NamedTuple

from shipway.ports import Clock, Delivery, WebhookRequest
from shipway.system.retry import Attempts, call_within, retry_after

_LOG = logging.getLogger(__name__)
EACH = 10.0  # seconds that one attempt may take
_BUSY = (408, 425, 429, 500, 502, 503, 504)  # another attempt may do better
_READ = 65536  # bytes of an answer that are looked at
_WORD = re.compile(r"[a-z][a-z_]{2,40}")  # how Slack names an error
# Errors of Slack's Web API that are its own (api.slack.com/methods/chat.postMessage).
_SLACK_BUSY = ("ratelimited", "internal_error", "fatal_error", "service_unavailable")


class _Answer(NamedTuple):
    """How one attempt went. wanted: seconds that the other side asks to wait."""

    problem: str = ""
    again: bool = False
    wanted: float | None = None


class HttpNotifier:
    """Posts with httpx, which is imported at the first letter: that takes 0.2 s.

    A proxy named in the environment is used: the addresses are on the internet. No problem's
    words hold an address or a header, which are secrets; httpx's own may.
    """

    def __init__(self, clock: Clock, chance: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._chance = chance or random.SystemRandom().random

    def send(self, letter: WebhookRequest, limit: float) -> Delivery:
        """Post it, again where that may help, until the limit is over."""
        attempts = Attempts(self._clock, limit, self._chance)
        problems: list[str] = []  # of the attempts so far
        try:
            return call_within(limit, lambda: self._insist(letter, attempts, problems))
        except TimeoutError:
            problem = f"it did not answer within {limit:g} s"
            if problems:
                problem = (
                    f"{problems[-1]}; given up after {_times(len(problems))}: the time is over"
                )
            return Delivery(letter.channel, problem, len(problems) + 1, attempts.spent)

    def _insist(self, letter: WebhookRequest, attempts: Attempts, problems: list[str]) -> Delivery:
        while True:
            answer = self._attempt(letter, min(EACH, attempts.left))
            # Not its address, which is a secret.
            outcome = answer.problem or "delivered"
            spent = attempts.spent
            _LOG.info(
                "POST to %s, attempt %d: %s, %.2f s", letter.channel, attempts.count, outcome, spent
            )
            if not answer.problem or not answer.again:
                return Delivery(letter.channel, answer.problem, attempts.count, attempts.spent)
            problems.append(answer.problem)
            spent = attempts.spent
            if not attempts.again(answer.wanted):
                times = _times(attempts.count)
                problem = f"{answer.problem}; given up after {times} in {spent:.1f} s"
                if answer.wanted:
                    problem += f" (it asks to wait {answer.wanted:g} s)"
                return Delivery(letter.channel, problem, attempts.count, spent)

    def _attempt(self, letter: WebhookRequest, timeout: float) -> _Answer:
        import httpx

        try:
            with httpx.stream(
                "POST",
                letter.url,
                content=letter.body,
                headers=dict(letter.headers),
                timeout=timeout,
                follow_redirects=False,
            ) as answer:
                body = bytearray()
                for data in answer.iter_bytes():
                    body += data
                    if len(body) > _READ:
                        break
        except httpx.TimeoutException:
            return _Answer(f"it did not answer within {timeout:.1f} s", True)
        except httpx.RemoteProtocolError:
            return _Answer("it cut the connection", True)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError, ValueError):
            return _Answer("its address, or a header made of its token, cannot be used")
        except (httpx.HTTPError, OSError) as error:
            return _Answer(f"it cannot be reached ({type(error).__name__})", True)
        delay = retry_after(answer.headers.get("retry-after", ""), self._clock.now())
        return _judged(answer.status_code, bytes(body), delay, letter)


def _judged(status: int, body: bytes, delay: float | None, letter: WebhookRequest) -> _Answer:
    if not 200 <= status < 300:
        text = body.decode("utf-8", "replace").strip()
        detail = f" ({text})" if _WORD.fullmatch(text) else ""
        return _Answer(f"it answered {status}{detail}", status in _BUSY, delay)
    if not letter.expects_ok:
        return _Answer()
    try:
        document = json.loads(body)
    except ValueError:
        document = {}
    if isinstance(document, dict) and document.get("ok") is True:
        return _Answer()
    error = str(document.get("error", "")) if isinstance(document, dict) else ""
    detail = error if _WORD.fullmatch(error) else "no word of why"
    return _Answer(f"it refused the message: {detail}", error in _SLACK_BUSY, delay)


def _times(attempts: int) -> str:
    return "one attempt" if attempts == 1 else f"{attempts} attempts"
