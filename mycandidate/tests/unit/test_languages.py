"""The language of a page: by its address, by the visitor's choice, by the browser's wish."""

import re
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from application import application
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from town import FULL_WARD, settle

from main.languages import LANGUAGES, localized, unlocalized

PAGES = ["/", "/wards", "/wards?q=durban&page=2", f"/wards/{FULL_WARD}", "/about", "/api/docs"]
AFRIKAANS = {"Accept-Language": "af-ZA,af;q=0.9,en;q=0.8"}


@pytest.fixture
def client(town: Flask) -> FlaskClient:
    return town.test_client()


def in_afrikaans(address: str) -> str:
    return f"/af{address}"


@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_an_address_in_each_language(client: FlaskClient, address: str) -> None:
    for path, tag in ((address, "en-ZA"), (in_afrikaans(address), "af-ZA")):
        page = client.get(path)
        assert page.status_code == (404 if "page=2" in path else 200)
        assert f'<html lang="{tag}">' in page.text
        assert page.headers["Content-Language"] == tag


@pytest.mark.parametrize("address", ["/", "/about", f"/wards/{FULL_WARD}", "/wards?q=durban"])
def test_a_page_leads_on_in_its_own_language(client: FlaskClient, address: str) -> None:
    page = client.get(in_afrikaans(address)).text
    links = set(re.findall(r'(?:href|action)="(/[^"]*)"', page))
    others = {link for link in links if not link.startswith("/af/")}
    assert all(link.startswith(("/assets/", "/static/", "/language/en?")) for link in others)
    assert len(links - others) >= 3


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ("af-ZA,af;q=0.9,en;q=0.8", 302),
        ("af", 302),
        ("zu,af;q=0.7,en;q=0.3", 302),
        ("en-ZA,en;q=0.9,af;q=0.5", 200),
        ("zu, nl", 200),
        ("*", 200),
        ("", 200),
        (";;q=,\x7f", 200),
    ],
)
def test_the_browser_wishes_and_the_best_language_that_there_is_comes(
    client: FlaskClient, wish: str, status: int
) -> None:
    page = client.get("/wards?q=durban&per_page=5", headers={"Accept-Language": wish})
    assert page.status_code == status
    if status == 302:
        assert page.headers["Location"] == "/af/wards?q=durban&per_page=5"
        assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("headers", [{}, AFRIKAANS])
@pytest.mark.parametrize("address", [*PAGES[:2], "/nowhere"])
def test_caches_are_told_what_an_address_without_language_depends_on(
    client: FlaskClient, address: str, headers: dict[str, str]
) -> None:
    vary = client.get(address, headers=headers).headers["Vary"]
    assert {"Accept-Language", "Cookie"} <= set(vary.split(", "))
    etag = client.get(address).headers.get("ETag")
    if etag:
        again = client.get(address, headers={"If-None-Match": etag})
        assert again.status_code == 304
        assert {"Accept-Language", "Cookie"} <= set(again.headers["Vary"].split(", "))


def test_an_address_with_a_language_depends_on_nothing_else(client: FlaskClient) -> None:
    page = client.get("/af/about", headers={"Accept-Language": "en"})
    assert page.status_code == 200
    assert page.headers["Vary"] == "Accept-Encoding"


def test_the_switch_leads_to_the_same_page_and_is_remembered(client: FlaskClient) -> None:
    page = client.get("/wards?q=durban&per_page=5").text
    switch = re.search(r'href="(/language/af[^"]+)" lang="af-ZA" hreflang="af-ZA"', page)
    assert switch
    answer = client.get(switch[1].replace("&amp;", "&"))
    assert answer.headers["Location"] == "/af/wards?q=durban&per_page=5"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert client.get("/about").headers["Location"] == "/af/about"
    back = client.get("/language/en?next=/af/about", headers=AFRIKAANS)
    assert back.headers["Location"] == "/about"
    # What was chosen counts more than what the browser asks for.
    assert client.get("/about", headers=AFRIKAANS).status_code == 200


@pytest.mark.parametrize("chosen", [True, False])
def test_the_stylesheet_has_one_address_whatever_the_visitor_prefers(
    client: FlaskClient, *, chosen: bool
) -> None:
    if chosen:
        client.get("/language/af")
    headers = {} if chosen else AFRIKAANS
    (address,) = re.findall(r'<link rel="stylesheet" href="(/[^"]+)"', client.get("/af/").text)
    style = client.get(address, headers=headers)
    assert style.status_code == 200
    assert style.mimetype == "text/css"


def test_the_cookie_is_secure_where_the_site_is(client: FlaskClient) -> None:
    assert "Secure" in client.get("/language/af", base_url="https://x").headers["Set-Cookie"]
    assert "Secure" not in client.get("/language/af").headers["Set-Cookie"]


@pytest.mark.parametrize("cookie", ["zu", "", "en-ZA", "../af", "a" * 4000])
def test_a_cookie_that_names_no_language_counts_for_nothing(
    client: FlaskClient, cookie: str
) -> None:
    client.set_cookie("language", cookie)
    assert client.get("/about").status_code == 200
    assert client.get("/about", headers=AFRIKAANS).status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/af//evil.example",
        "/\t/evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "http:evil",
        "///evil.example",
        "http://[",
        "",
    ],
)
def test_the_switch_leads_to_no_other_site(client: FlaskClient, target: str) -> None:
    for code in LANGUAGES:
        answer = client.get(f"/language/{code}", query_string={"next": target})
        assert answer.status_code == 302
        assert_own_site(answer.headers["Location"])


def assert_own_site(location: str) -> None:
    parts = urlsplit(location)
    assert (parts.scheme, parts.netloc) == ("", "")
    assert re.match(r"/(?![/\\])", location)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="/\\af.:?#@%\t\r\n x", max_size=12), st.sampled_from(sorted(LANGUAGES)))
def test_no_target_leads_to_another_site(client: FlaskClient, target: str, code: str) -> None:
    assert_own_site(
        client.get(f"/language/{code}", query_string={"next": target}).headers["Location"]
    )


@given(st.text(alphabet="/afen.x", max_size=10), st.sampled_from(sorted(LANGUAGES)))
def test_a_path_without_language_is_the_same_from_every_language(path: str, code: str) -> None:
    plain = unlocalized(path)
    assert plain.startswith("/") and not plain.startswith("//")
    if plain == unlocalized(plain):  # /af/af/… is no page
        assert unlocalized(localized(path, LANGUAGES[code])) == plain


def test_a_language_that_is_none_is_not_found(client: FlaskClient) -> None:
    assert client.get("/zu/about").status_code == 404
    assert client.get("/language/zu?next=/").status_code == 404
    assert client.get("/en/about").status_code == 404


def test_errors_speak_the_visitors_language(client: FlaskClient) -> None:
    assert "Hierdie bladsy bestaan nie" in client.get("/af/nowhere").text
    assert "Hierdie bladsy bestaan nie" in client.get("/nowhere", headers=AFRIKAANS).text
    refused = client.get("/af/wards?page=0")
    assert refused.status_code == 400
    assert "page moet ’n heelgetal van 1 tot" in refused.text


@pytest.mark.parametrize(
    "address", ["/api/v1/nowhere", "/api/v1/openapi.json", "/api/v1/wards?page=0"]
)
def test_programs_are_answered_in_one_language(client: FlaskClient, address: str) -> None:
    client.set_cookie("language", "af")
    assert client.get(address, headers=AFRIKAANS).text == client.get(address).text
    assert "bladsy" not in client.get(address).text
    assert "Cookie" not in client.get(address).headers["Vary"]


def test_dates_and_numbers_are_written_as_the_language_writes_them(tmp_path: Path) -> None:
    with application(tmp_path / "town.sqlite3", date(2026, 11, 4)) as app:
        settle(app, candidates=600)
        client = app.test_client()
        assert "4 November 2026" in client.get("/about").text
        assert "1 201" in client.get("/af/about").text.replace("\N{NO-BREAK SPACE}", " ")
        assert "vandag" in client.get(f"/af/wards/{FULL_WARD}").text


def test_both_languages_count_one_and_many(client: FlaskClient) -> None:
    assert " 1 wyk gevind." in client.get("/af/wards?q=Durban+1").text
    assert " 16 wyke gevind." in client.get("/af/wards?q=Durban").text
