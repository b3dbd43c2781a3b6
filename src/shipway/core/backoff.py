"""How long to wait before another attempt. Pure: chance and time are given."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

FIRST = 0.5  # seconds before the second attempt, at most
LONGEST = 8.0  # seconds between two attempts, at most, where the other side names no time


def pause(attempt: int, chance: float, wanted: float | None = None) -> float:
    """Seconds to wait after `attempt` (1, 2 …) failed.

    "Full jitter" (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015): anything up to
    a bound that doubles, so that many senders do not come back together. chance: in [0, 1).
    wanted: what the other side asked for (Retry-After); that is kept, with the jitter on top.
    """
    bound = min(LONGEST, FIRST * 2.0 ** min(attempt - 1, 16))
    return chance * bound if wanted is None else max(0.0, wanted) + chance * FIRST


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
