"""The ballot papers that a voter gets, and where a page shows them."""

import re
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from town import FULL_WARD

from main.ballots import ballot_papers
from main.extensions import db
from main.models import Candidate, Election, Party, Ward
from main.places import municipality_by_code


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("JHB", ["ward", "proportional"]),
        ("KZN225", ["ward", "proportional", "district"]),
        ("unknown", ["ward", "proportional", "district"]),
    ],
)
def test_only_metropolitan_municipalities_have_no_ballot_for_a_district(
    code: str, kinds: list[str]
) -> None:
    assert [paper.kind for paper in ballot_papers(municipality_by_code(code))] == kinds


def test_a_ward_of_a_metropolitan_municipality_has_two_ballots(town: Flask) -> None:
    page = town.test_client().get(f"/wards/{FULL_WARD}").text
    assert "eThekwini is a metropolitan municipality: a voter gets two ballot papers" in page
    assert page.count("The two ballot papers of a voter here") == 1
    assert "District council ballot" not in page
    assert '<a href="#ballot-1-ward">Ward ballot</a>' in page
    assert '<h3 id="ballot-1-ward">' in page


def settle_local(app: Flask, ballots: tuple[str, ...]) -> FlaskClient:
    with app.app_context():
        db.create_all()
        ward = Ward(
            code="52205001",
            number=1,
            name="Ward 1",
            municipality="Msunduzi",
            municipality_code="KZN225",
            province="KwaZulu-Natal",
        )
        election = Election(name="Election", held_on=date(2026, 11, 4))
        party = Party(name="Party", abbreviation="P")
        for ballot in ballots:
            db.session.add(
                Candidate(
                    election=election,
                    ward=ward,
                    party=party,
                    ballot=ballot,
                    position=1,
                    name=ballot,
                )
            )
        db.session.commit()
    return app.test_client()


def test_a_ward_of_a_local_municipality_has_three_ballots_in_order(app: Flask) -> None:
    page = settle_local(app, ("district", "proportional", "ward")).get("/wards/52205001").text
    assert (
        "Msunduzi is a local municipality in the district uMgungundlovu: a voter gets three" in page
    )
    shown = re.findall(r'<h3 id="ballot-1-(\w+)">([^<]+)<', page)
    assert shown == [
        ("ward", "Ward ballot"),
        ("proportional", "Proportional ballot"),
        ("district", "District council ballot"),
    ]
    assert "We have no candidates for it." not in page


def test_a_ballot_without_candidates_is_named_all_the_same(app: Flask) -> None:
    page = settle_local(app, ("ward",)).get("/wards/52205001").text
    assert page.count("We have no candidates for it.") == 2
    assert "#ballot-1-district" not in page
