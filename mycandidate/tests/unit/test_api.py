"""The JSON API: what it answers, and what that costs."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from town import EMPTY_WARD, FULL_WARD, WARDS


@pytest.fixture
def client(town: Flask) -> FlaskClient:
    return town.test_client()


# One town serves every example: none of them changes it.
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(per_page=st.integers(min_value=1, max_value=100))
def test_pagination_covers_every_ward_exactly_once(client: FlaskClient, per_page: int) -> None:
    seen: list[str] = []
    address = f"/api/v1/wards?per_page={per_page}"
    while address:
        answer = client.get(address).json
        assert answer["total"] == WARDS
        assert len(answer["items"]) <= per_page
        seen += [ward["code"] for ward in answer["items"]]
        address = answer["links"]["next"]
    assert sorted(seen) == [f"798{place:05d}" for place in range(WARDS)]


def test_a_list_says_where_it_stands(client: FlaskClient) -> None:
    answer = client.get("/api/v1/wards?q=ethekwini&per_page=5&page=2").json
    assert (answer["total"], answer["page"], answer["pages"], answer["per_page"]) == (16, 2, 4, 5)
    start = "/api/v1/wards?q=ethekwini&page="
    assert answer["links"] == {
        "self": f"{start}2&per_page=5",
        "first": f"{start}1&per_page=5",
        "previous": f"{start}1&per_page=5",
        "next": f"{start}3&per_page=5",
        "last": f"{start}4&per_page=5",
    }


def test_province_and_municipality_filter(client: FlaskClient) -> None:
    assert client.get("/api/v1/wards?province=western cape").json["total"] == 15
    assert client.get("/api/v1/wards?municipality=ETH").json["total"] == 16
    assert client.get("/api/v1/wards?municipality=eThekwini&province=Gauteng").json["total"] == 0


def test_a_page_after_the_last_is_empty_and_links_only_to_pages_that_exist(
    client: FlaskClient,
) -> None:
    answer = client.get("/api/v1/wards?page=100").json
    assert answer["items"] == []
    assert answer["links"]["next"] is None
    assert answer["links"]["previous"] is None
    assert answer["links"]["last"].endswith("page=3&per_page=20")


def test_every_parameter_at_fault_is_named(client: FlaskClient) -> None:
    answer = client.get("/api/v1/wards?page=0&per_page=101&provinse=Gauteng")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    named = [error["parameter"] for error in answer.json["errors"]]
    assert named == ["provinse", "page", "per_page"]


@pytest.mark.parametrize("page", ["1.0", "1e3", "+1", "１", "9" * 5000, "100001", "0"])
def test_a_page_that_is_no_whole_number_in_bounds_is_refused(
    client: FlaskClient, page: str
) -> None:
    assert client.get("/api/v1/wards", query_string={"page": page}).status_code == 400


def test_one_ward_links_to_its_candidates_and_its_page(client: FlaskClient) -> None:
    ward = client.get(f"/api/v1/wards/{FULL_WARD}").json
    assert (ward["code"], ward["number"], ward["municipality_code"]) == (FULL_WARD, 1, "ETH")
    for address in ward["links"].values():
        assert client.get(address).status_code == 200


def test_candidates_come_in_ballot_order(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/wards/{FULL_WARD}/candidates").json
    order = [(c["election"]["held_on"], c["ballot"], c["position"]) for c in answer["items"]]
    newest = [("2026-11-04", ballot, n) for ballot in ("ward", "proportional") for n in range(1, 6)]
    assert order == [*newest, ("2021-11-01", "ward", 1)]
    assert answer["total"] == 11
    assert answer["sample"] is True
    assert answer["items"][0]["party"] == {"name": "Invented Unity", "abbreviation": "IU"}
    assert answer["items"][1]["party"] is None


def test_a_ward_without_candidates_has_an_empty_list(client: FlaskClient) -> None:
    answer = client.get(f"/api/v1/wards/{EMPTY_WARD}/candidates").json
    assert (answer["items"], answer["total"], answer["sample"]) == ([], 0, False)


@pytest.mark.parametrize("address", ["/api/v1/wards/nope", "/api/v1/wards/nope/candidates"])
def test_an_unknown_ward_is_a_problem_document(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"
    assert answer.json["instance"] == address


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/wards",
        f"/api/v1/wards/{FULL_WARD}",
        f"/api/v1/wards/{FULL_WARD}/candidates",
        "/api/v1/openapi.json",
    ],
)
def test_an_unchanged_answer_is_not_sent_again(client: FlaskClient, address: str) -> None:
    first = client.get(address)
    assert first.headers["Cache-Control"] == "public, max-age=60"
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    assert client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
