"""Whether an election is still to come, on this very day, or over: pages speak accordingly."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Protocol, TypeVar

from flask import Flask, current_app

# South Africa has one time zone, and no daylight saving time.
_SOUTH_AFRICA = timezone(timedelta(hours=2))
_EXTENSION = "today"


class Moment(StrEnum):
    """Where the present day is in relation to the day of an election."""

    BEFORE = "before"
    ELECTION_DAY = "election day"
    AFTER = "after"


class Election(Protocol):
    """An election with its date."""

    @property
    def held_on(self) -> date:
        """The day of the election."""


AnyElection = TypeVar("AnyElection", bound=Election)


def init_app(app: Flask, today: Callable[[], date]) -> None:
    """Have `app` take what `today` returns for the present date."""
    app.extensions[_EXTENSION] = today


def south_african_date() -> date:
    """The present date in South Africa."""
    return datetime.now(UTC).astimezone(_SOUTH_AFRICA).date()


def moment(held_on: date) -> Moment:
    """Where the present day is in relation to an election held on this date."""
    today: date = current_app.extensions[_EXTENSION]()
    if today == held_on:
        return Moment.ELECTION_DAY
    return Moment.BEFORE if today < held_on else Moment.AFTER


def relevant(elections: Iterable[AnyElection]) -> AnyElection | None:
    """The election that visitors come for: the next one, or else the last one. None without any."""
    ordered = sorted(elections, key=lambda election: election.held_on)
    to_come = [e for e in ordered if moment(e.held_on) is not Moment.AFTER]
    return next(iter(to_come or reversed(ordered)), None)
