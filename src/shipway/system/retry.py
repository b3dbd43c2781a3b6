"""When a network call is made again, and until when: one policy, and one deadline for all attempts.

botocore makes its own attempts; aws/retry.py decides for them with the same pauses.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from shipway.ports import Clock

_LOG = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Backoff:
    """Seconds between attempts: at most `first` after the first one, doubled up to `longest`."""

    first: float = 0.5
    longest: float = 8.0

    def pause(self, attempt: int, chance: float, retry_after: float | None = None) -> float:
        """Seconds to wait after `attempt` (1, 2 …) failed.

        "Equal jitter" (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015): half of the
        bound and anything up to it, so that many callers do not come back together. chance: from 0
        to 1. retry_after: what the other side asked for; that is kept, with the jitter on top.
        """
        if retry_after is not None:
            return max(0.0, retry_after) + chance * self.first
        bound = min(self.longest, self.first * 2.0 ** min(attempt - 1, 16))
        return bound * (0.5 + chance / 2)


class Attempts:
    """The attempts of one request. limit: seconds for all of them, and the pauses between."""

    def __init__(
        self,
        clock: Clock,
        limit: float,
        chance: Callable[[], float] = random.random,
        backoff: Backoff | None = None,
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._chance = chance
        self._backoff = backoff or Backoff()
        self._began = clock.monotonic()
        self.count = 1

    @property
    def spent(self) -> float:
        """Seconds since the first attempt began."""
        return self._clock.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds until the deadline; never quite 0, which would mean no limit to some."""
        return max(self._limit - self.spent, 0.001)

    def again(self, retry_after: float | None = None) -> bool:
        """Wait until the next attempt; False, at once, where it would begin after the deadline."""
        pause = self._backoff.pause(self.count, self._chance(), retry_after)
        if self.spent + pause >= self._limit:
            return False
        _LOG.info("attempt %d comes in %.1f s", self.count + 1, pause)
        self._clock.sleep(pause)
        self.count += 1
        return True


def retry_after(header: str, now: float) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3: seconds or a date).

    now: seconds since the epoch. None where it says nothing that can be understood.
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:  # "-0000": UTC, of unknown place
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now, UTC)).total_seconds())


def call_within(seconds: float, call: Callable[[], Result]) -> Result:
    """What a call gives, or raises, if it ends in time; else raises TimeoutError.

    No timeout of httpx holds for a whole exchange, and none at all for looking up a name
    (getaddrinfo). What is overdue is left to itself, in a thread that no exit waits for.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001  # raised again where it was called
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return results[0]
