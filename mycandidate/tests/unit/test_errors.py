"""Errors as people and programs see them."""

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from town import settle

from main.extensions import limiter


@pytest.fixture(autouse=True)
def town(app: Flask) -> None:
    settle(app)


@pytest.fixture
def broken(app: Flask) -> FlaskClient:
    """The application with an address below each face that always fails."""
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail() -> str:
        raise RuntimeError("the password is hunter2")

    app.add_url_rule("/broken", "broken", fail)
    app.add_url_rule("/api/v1/broken", "broken_api", fail)
    app.add_url_rule("/teapot", "teapot", lambda: abort(418))
    return app.test_client()


def test_a_failure_tells_people_what_to_do_and_no_secret(broken: FlaskClient) -> None:
    page = broken.get("/broken")
    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text
    assert "hunter2" not in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_a_failure_is_a_problem_document_for_programs(broken: FlaskClient) -> None:
    answer = broken.get("/api/v1/broken")
    assert answer.status_code == 500
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == 500
    assert "hunter2" not in answer.text


def test_an_unusual_error_still_gets_a_page(broken: FlaskClient) -> None:
    page = broken.get("/teapot")
    assert page.status_code == 418
    assert "I'm a teapot" in page.text or "I&#39;m a teapot" in page.text


def test_a_missing_page_offers_the_search(client: FlaskClient) -> None:
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert page.mimetype == "text/html"
    assert 'name="q"' in page.text


def test_a_missing_address_of_the_api_is_a_problem_document(client: FlaskClient) -> None:
    answer = client.get("/api/v1/nowhere")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Check the address, or search for your ward.",
        "instance": "/api/v1/nowhere",
    }


def test_another_method_is_refused_with_the_ones_that_are_allowed(client: FlaskClient) -> None:
    page = client.post("/about")
    assert page.status_code == 405
    assert "GET" in page.headers["Allow"]
    answer = client.delete("/api/v1/wards")
    assert answer.status_code == 405
    assert answer.mimetype == "application/problem+json"


def test_beyond_the_rate_limit_the_api_says_when_to_come_back(
    app: Flask, client: FlaskClient
) -> None:
    limiter.reset()
    app.config["API_RATE_LIMIT"] = "2 per 10 seconds"
    assert client.get("/api/v1/wards").status_code == 200
    assert client.get("/api/v1/openapi.json").status_code == 200
    answer = client.get("/api/v1/wards")
    assert answer.status_code == 429
    assert answer.mimetype == "application/problem+json"
    assert int(answer.headers["Retry-After"]) <= 10
    assert "2 per 10 second" in answer.json["detail"]
    assert client.get("/wards").status_code == 200
    limiter.reset()


def test_too_many_requests_is_a_page_for_people(app: Flask) -> None:
    app.add_url_rule("/busy", "busy", lambda: abort(429))
    page = app.test_client().get("/busy")
    assert page.status_code == 429
    assert "Wait a minute" in page.text


def test_without_a_limit_the_api_answers_on_and_logs_nothing_of_it(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["API_RATE_LIMIT"] = "off"
    assert {client.get("/api/v1/openapi.json").status_code for _ in range(150)} == {200}
    assert {record.name for record in caplog.records} <= {"main.access"}
