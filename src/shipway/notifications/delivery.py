"""Posts letters to Slack and to webhooks, and insists where that may help."""

from __future__ import annotations

import json
import logging
import random
import re
import threading
from collections.abc import Callable
from typing import NamedTuple

from shipway.notifications.webhooks import backoff_delay, retry_after
from shipway.ports import Clock, Delivery, WebhookRequest

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
        """Post it. In a thread of its own, because no timeout of httpx holds for a whole answer:
        when the time is over it is left to itself."""
        start = self._clock.monotonic()
        done: list[Delivery] = []
        problems: list[str] = []  # of the attempts so far
        thread = threading.Thread(
            target=lambda: done.append(self._insist(letter, start, limit, problems)), daemon=True
        )
        thread.start()
        thread.join(limit)
        if done:
            return done[0]
        seconds = self._clock.monotonic() - start
        problem = f"it did not answer within {limit:g} s"
        if problems:
            problem = f"{problems[-1]}; given up after {_times(len(problems))}: the time is over"
        return Delivery(letter.channel, problem, len(problems) + 1, seconds)

    def _insist(
        self, letter: WebhookRequest, start: float, limit: float, problems: list[str]
    ) -> Delivery:
        attempt = 0
        while True:
            attempt += 1
            left = start + limit - self._clock.monotonic()
            answer = self._attempt(letter, min(EACH, max(left, 0.001)))
            spent = self._clock.monotonic() - start
            # Not its address, which is a secret.
            how = answer.problem or "delivered"
            _LOG.info("POST to %s, attempt %d: %s, %.2f s", letter.channel, attempt, how, spent)
            if not answer.problem or not answer.again:
                return Delivery(letter.channel, answer.problem, attempt, spent)
            problems.append(answer.problem)
            wait = backoff_delay(attempt, self._chance(), answer.wanted)
            if spent + wait >= limit:
                problem = f"{answer.problem}; given up after {_times(attempt)} in {spent:.1f} s"
                if answer.wanted:
                    problem += f" (it asks to wait {answer.wanted:g} s)"
                return Delivery(letter.channel, problem, attempt, spent)
            _LOG.info("%s is tried again in %.1f s", letter.channel, wait)
            self._clock.sleep(wait)

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


class RecordingNotifier:
    """A fake for tests: keeps every letter; `problem` is what becomes of each."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.letters: list[WebhookRequest] = []

    def send(self, letter: WebhookRequest, limit: float) -> Delivery:
        """Keep it."""
        self.letters.append(letter)
        return Delivery(letter.channel, self.problem, 1, 0.0)
