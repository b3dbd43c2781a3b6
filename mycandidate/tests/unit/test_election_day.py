"""Pages speak of an election according to the day."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from application import application
from hypothesis import given
from hypothesis import strategies as st
from town import FULL_WARD, settle

from main import create_app
from main.election_day import Moment, moment, relevant
from main.settings import Settings

ELECTION = date(2026, 11, 4)


@pytest.mark.parametrize(
    ("today", "headline", "sentence"),
    [
        (ELECTION - timedelta(1), "Who stands", "Voting is on <time datetime="),
        (ELECTION, "Who stands", "Voting is today, <time datetime="),
        (ELECTION + timedelta(1), "Who stood", "Voting was on <time datetime="),
    ],
)
def test_pages_are_in_the_tense_of_the_day(
    tmp_path: Path, today: date, headline: str, sentence: str
) -> None:
    with application(tmp_path / "town.sqlite3", today) as app:
        settle(app)
        client = app.test_client()
        assert f"<h1>{headline} for election in your ward?</h1>" in client.get("/").text
        newest, earlier = client.get(f"/wards/{FULL_WARD}").text.split("<section")[1:]
        assert sentence in newest
        assert "4 November 2026</time>" in newest
        assert "Voting was on" in earlier


def test_without_an_election_pages_are_in_the_present(tmp_path: Path) -> None:
    with application(tmp_path / "town.sqlite3") as app:
        from main.extensions import db

        with app.app_context():
            db.create_all()
        assert "Who stands for election" in app.test_client().get("/").text


@dataclass(frozen=True)
class Vote:
    held_on: date


@given(st.lists(st.dates(date(2000, 1, 1), date(2050, 1, 1))), st.dates(date(2000, 1, 1)))
def test_visitors_come_for_the_next_election_or_else_for_the_last(
    days: list[date], today: date
) -> None:
    app = create_app(Settings(database_url="sqlite://"), today=lambda: today)
    with app.app_context():
        election = relevant([Vote(day) for day in days])
        to_come = [day for day in days if moment(day) is not Moment.AFTER]
    if not days:
        assert election is None
    elif to_come:
        assert election == Vote(min(to_come))
    else:
        assert election == Vote(max(days))
