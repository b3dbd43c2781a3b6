"""Before the first import there is nothing to show, and that is no error."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from town import settle

from main.extensions import db


@pytest.fixture(autouse=True)
def empty(app: Flask) -> None:
    with app.app_context():
        db.create_all()


@pytest.mark.parametrize("address", ["/", "/wards", "/about"])
def test_an_empty_site_answers(client: FlaskClient, address: str) -> None:
    page = client.get(address)
    assert page.status_code == 200
    assert "Sample data:" not in page.text


def test_the_first_import_shows_at_once(app: Flask, client: FlaskClient) -> None:
    assert "no data has been imported" in client.get("/").text
    settle(app)
    assert "Gauteng" in client.get("/").text
