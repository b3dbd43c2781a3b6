"""A small country to test pages and API with: every kind of ward and candidate there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from flask import Flask
from sqlalchemy import event

from main.extensions import db
from main.models import Candidate, Election, Party, Ward

WARDS = 47
FULL_WARD = "79800001"
EMPTY_WARD = "79800046"

MUNICIPALITIES = (
    ("City of Johannesburg", "JHB", "Gauteng"),
    ("eThekwini", "ETH", "KwaZulu-Natal"),
    ("City of Cape Town", "CPT", "Western Cape"),
)


def settle(app: Flask, candidates: int = 5) -> None:
    """Fill the application's database; each ballot of the first wards gets `candidates` names."""
    app.config["API_RATE_LIMIT"] = "off"
    with app.app_context():
        db.create_all()
        invented = Election(name="Sample election 2026", held_on=date(2026, 11, 4), sample=True)
        earlier = Election(name="Local election 2021", held_on=date(2021, 11, 1), sample=False)
        party = Party(name="Invented Unity", abbreviation="IU")
        wards = [_ward(place) for place in range(WARDS)]
        db.session.add_all([invented, earlier, party, *wards])
        # Put in back to front, so that the order on the page is the ballot's and not the table's.
        for ballot in ("proportional", "ward"):
            for position in reversed(range(1, candidates + 1)):
                db.session.add(_candidate(invented, wards[1], party, ballot, position))
        db.session.add(_candidate(earlier, wards[1], None, "ward", 1))
        db.session.commit()


def _ward(place: int) -> Ward:
    name, code, province = MUNICIPALITIES[place % len(MUNICIPALITIES)]
    return Ward(
        code=f"798{place:05d}",
        number=place // len(MUNICIPALITIES) + 1,
        name=f"100% Mlazi <{place}>",
        municipality=name,
        municipality_code=code,
        province=province,
    )


def _candidate(
    election: Election, ward: Ward, party: Party | None, ballot: str, position: int
) -> Candidate:
    independent = position == 2
    return Candidate(
        election=election,
        ward=ward,
        party=None if independent else party,
        ballot=ballot,
        position=position,
        name=f"Name {election.held_on.year} {ballot} {position}",
        age=None if independent else 30 + position,
    )


@contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    """The statements the database is sent inside this block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
