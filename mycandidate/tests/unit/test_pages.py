"""The pages people read: what they show, what they cost, what they weigh."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete
from town import EMPTY_WARD, FULL_WARD, WARDS, settle

from main import stylesheet
from main.extensions import db
from main.models import Candidate, Ward

PAGES = ["/", "/wards", "/wards?q=johannesburg", f"/wards/{FULL_WARD}", "/about", "/api/docs"]
HEAVIEST = 100_000


@pytest.fixture
def client(town: Flask) -> FlaskClient:
    return town.test_client()


def found(client: FlaskClient, query: dict[str, str]) -> list[str]:
    page = client.get("/wards", query_string=query)
    assert page.status_code == 200
    return re.findall(r'href="/wards/(\w+)"', page.text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("79800004", "79800004"),
        ("johannesburg 2", "79800003"),
        ("Ward 2, eThekwini", "79800004"),
        ("jhb 16", "79800045"),
        ("<7>", "79800007"),
    ],
)
def test_a_ward_is_found_by_code_number_name_and_municipality(
    client: FlaskClient, text: str, code: str
) -> None:
    assert found(client, {"q": text}) == [code]


def test_a_number_finds_that_ward_of_every_municipality(client: FlaskClient) -> None:
    assert found(client, {"q": "2"}) == ["79800005", "79800003", "79800004"]


def test_the_beginning_of_a_code_finds_its_wards(client: FlaskClient) -> None:
    assert len(found(client, {"q": "7980004"})) == 7


@pytest.mark.parametrize("text", ["%", "_", "nowhere", "99999999999999999999", "q\x00x", "²"])
def test_text_that_means_nothing_finds_nothing_and_breaks_nothing(
    client: FlaskClient, text: str
) -> None:
    if text == "%":  # every name in this town has one: only a literal match keeps this exact
        assert "47 wards match" in client.get("/wards", query_string={"q": text}).text
        return
    assert found(client, {"q": text}) == []


def test_the_percent_sign_is_no_wildcard(client: FlaskClient) -> None:
    assert found(client, {"q": "1%<1>"}) == []


def test_province_and_municipality_narrow_the_list(client: FlaskClient) -> None:
    page = client.get("/wards?province=gauteng&municipality=JHB")
    assert "16 wards match" in page.text
    assert found(client, {"province": "Gauteng", "municipality": "eThekwini"}) == []


def test_wards_of_a_municipality_are_headed_by_its_name_not_its_code(client: FlaskClient) -> None:
    page = client.get("/wards?municipality=JHB").text
    assert "<h1>Wards for “City of Johannesburg”</h1>" in page
    assert "<title>City of Johannesburg – MyCandidate</title>" in page
    assert "“XYZ”" in client.get("/wards?municipality=XYZ").text


def test_one_of_something_is_said_in_the_singular(app: Flask) -> None:
    settle(app)
    with app.app_context():
        db.session.execute(delete(Candidate))
        db.session.execute(delete(Ward).where(Ward.code != FULL_WARD))
        db.session.commit()
    client = app.test_client()
    assert "(1 ward)" in client.get("/").text
    assert "1 ward in 1 municipality and 0 candidates." in client.get("/about").text


def test_following_next_page_shows_every_ward_once(client: FlaskClient) -> None:
    seen: list[str] = []
    address: str | None = "/wards"
    while address:
        page = client.get(address).text
        seen += re.findall(r'href="/wards/(\w+)"', page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = following[1].replace("&amp;", "&") if following else None
    assert len(seen) == WARDS
    assert len(set(seen)) == WARDS


def test_neighbouring_pages_keep_what_was_asked_for(client: FlaskClient) -> None:
    page = client.get("/wards?q=johannesburg&per_page=5&page=2").text
    assert 'href="/wards?q=johannesburg&amp;per_page=5" rel="prev"' in page
    assert 'href="/wards?q=johannesburg&amp;page=3&amp;per_page=5" rel="next"' in page


def test_a_page_after_the_last_is_not_found(client: FlaskClient) -> None:
    page = client.get("/wards?page=9")
    assert page.status_code == 404
    assert "ends at page 3" in page.text


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=-1", "per_page=101", "q=" + "a" * 101])
def test_an_impossible_search_is_refused_in_words(client: FlaskClient, query: str) -> None:
    page = client.get(f"/wards?{query}")
    assert page.status_code == 400
    assert page.mimetype == "text/html"
    assert "1 to" in page.text or "at most" in page.text


def test_candidates_stand_by_ballot_in_ballot_order(client: FlaskClient) -> None:
    names = re.findall(r">Name (\d+) (\w+) (\d)<", client.get(f"/wards/{FULL_WARD}").text)
    newest = [("2026", ballot, str(n)) for ballot in ("ward", "proportional") for n in range(1, 6)]
    assert names == [*newest, ("2021", "ward", "1")]


def test_independents_and_unknown_ages_are_said_in_words_not_left_empty(
    client: FlaskClient,
) -> None:
    page = client.get(f"/wards/{FULL_WARD}").text
    row = page[page.index("Name 2026 ward 2") :][:120]
    assert "Independent" in row
    assert "–" in row


def test_invented_elections_are_marked_and_real_ones_are_not(client: FlaskClient) -> None:
    page = client.get(f"/wards/{FULL_WARD}").text
    sections = page.split("<section")
    assert '<span class="mark">Sample data</span>' in sections[1]
    assert "Sample data" not in sections[2]
    assert 'role="note"' in sections[0]


@pytest.mark.parametrize("address", ["/", "/wards", "/about"])
def test_pages_over_invented_data_say_so(client: FlaskClient, address: str) -> None:
    assert "<strong>Sample data:</strong>" in client.get(address).text


def test_a_ward_without_candidates_says_so(client: FlaskClient) -> None:
    assert "No candidates are known" in client.get(f"/wards/{EMPTY_WARD}").text


def test_names_are_escaped(client: FlaskClient) -> None:
    page = client.get(f"/wards/{FULL_WARD}").text
    assert "100% Mlazi &lt;1&gt;" in page
    assert '"><script>' not in client.get('/wards?q="><script>').text


@pytest.mark.parametrize("code", ["nope", "a%00b", "7" * 200, "%F0%9F%97%B3"])
def test_an_unknown_ward_is_not_found(client: FlaskClient, code: str) -> None:
    page = client.get(f"/wards/{code}")
    assert page.status_code == 404
    assert "no ward with this code" in page.text


@pytest.mark.parametrize("address", [*PAGES, "/nowhere"])
def test_a_page_is_light_and_loads_nothing_from_elsewhere(
    client: FlaskClient, address: str
) -> None:
    page = client.get(address).text
    assert len(page.encode()) + len(stylesheet.CONTENT) < HEAVIEST
    loaded = re.findall(r'<(?:link|script|img|iframe)[^>]+(?:href|src)="([^"]+)"', page)
    assert loaded
    assert all(place.startswith("/") and not place.startswith("//") for place in loaded)
    assert b"url(" not in stylesheet.CONTENT
    assert b"@import" not in stylesheet.CONTENT


@pytest.mark.parametrize("address", [*PAGES, "/nowhere"])
def test_a_page_needs_no_exception_from_a_strict_policy(client: FlaskClient, address: str) -> None:
    page = client.get(address).text
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)


@pytest.mark.parametrize("address", PAGES)
def test_an_unchanged_page_is_not_sent_again(client: FlaskClient, address: str) -> None:
    first = client.get(address)
    assert "max-age=60" in first.headers["Cache-Control"]
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["ETag"] == first.headers["ETag"]


def test_the_stylesheet_is_kept_forever_under_its_digest(client: FlaskClient) -> None:
    address = re.search(r'rel="stylesheet" href="([^"]+)"', client.get("/").text)
    assert address
    styles = client.get(address[1])
    assert styles.data == stylesheet.CONTENT
    assert styles.mimetype == "text/css"
    assert "immutable" in styles.headers["Cache-Control"]


def test_the_stylesheet_of_another_release_is_answered_but_not_kept(client: FlaskClient) -> None:
    styles = client.get("/assets/style-0123456789abcdef.css")
    assert styles.status_code == 200
    assert styles.headers["Cache-Control"] == "no-store"


def test_the_api_page_shows_every_operation(client: FlaskClient) -> None:
    page = client.get("/api/docs").text
    for path in ("/wards", "/wards/{code}", "/wards/{code}/candidates", "/openapi.json"):
        assert f"GET /api/v1{path}<" in page
