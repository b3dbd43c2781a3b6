"""How many hours a month tasks run, by the schedule of a stack's parameters."""

from __future__ import annotations

import re

from shipway.core.cost.line import HOURS

_CRON = re.compile(r"cron\((\d+) (\d+) \? \* (\S+) \*\)")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")  # 1 is Sunday (EventBridge Scheduler)
_DAY = 1440  # minutes
_WEEK = 7 * _DAY


def running_hours(start: str, stop: str) -> float:
    """Hours a month, from `cron(...)` of the start to that of the stop; all without a schedule.

    Days that are not understood count as all hours: rather too much than too little.
    """
    starts, stops = _minutes(start), _minutes(stop)
    if not starts or not stops:
        return HOURS
    marks = sorted([(at, 1) for at in starts] + [(at, 0) for at in stops])
    running, last, minutes = marks[-1][1], marks[-1][0] - _WEEK, 0
    for at, runs in marks:
        minutes += (at - last) * running
        running, last = runs, at
    return HOURS * minutes / _WEEK


def _minutes(cron: str) -> list[int]:
    """The minutes of the week at which it comes; none where it cannot be told."""
    found = _CRON.fullmatch(cron)
    days = _days(found[3].upper()) if found else []
    return [_DAY * day + 60 * int(found[2]) + int(found[1]) for day in days] if found else []


def _days(text: str) -> list[int]:
    if text in ("*", "?"):
        return list(range(7))
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        begin, end = _day(first), _day(last if dash else first)
        if begin is None or end is None:
            return []
        days += [day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)]
    return sorted(set(days))


def _day(text: str) -> int | None:
    if text in _DAYS:
        return _DAYS.index(text)
    return int(text) - 1 if text in tuple("1234567") else None
