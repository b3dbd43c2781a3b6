"""Places as people type them, and the municipality that each leads to."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from main.places import PROVINCES, WARD_FINDER, match_place, municipality_by_code
from main.wards import WardSearch


@pytest.fixture
def client(town: Flask) -> FlaskClient:
    return town.test_client()


@pytest.mark.parametrize(
    ("text", "code", "number"),
    [
        ("Durban", "ETH", None),
        ("durban 12", "ETH", 12),
        ("Pretoria", "TSH", None),
        ("Soweto, ward 15", "JHB", 15),
        ("Sandton", "JHB", None),
        ("joburg", "JHB", None),
        ("Jo'burg", "JHB", None),
        ("Jo’burg", "JHB", None),
        ("Mitchell's Plain", "CPT", None),
        ("Khayelitsha Site C", "CPT", None),
        ("Port Elizabeth", "NMA", None),
        ("Gqeberha", "NMA", None),
        ("Grahamstown", "EC104", None),
        ("Makhanda", "EC104", None),
        ("Nelspruit", "MP326", None),
        ("Witbank", "MP312", None),
        ("Dr Beyers Naude", "EC101", None),
        ("Port Saint Johns", "EC154", None),
        ("thaba nchu", "MAN", None),
        ("Mpumalanga township", "ETH", None),
    ],
)
def test_a_name_in_use_leads_to_its_municipality(text: str, code: str, number: int | None) -> None:
    match = match_place(text)
    assert match and match.municipality and match.exact
    assert (match.municipality.code, match.ward_number) == (code, number)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Duban", "Durban"),
        ("Pretoira", "Pretoria"),
        ("Sowetho", "Soweto"),
        ("Sandtn", "Sandton"),
        ("Johanesburg", "Johannesburg"),
        ("Gqebera", "Gqeberha"),
        ("Port Elizebeth", "Port Elizabeth"),
        ("Grahmstown", "Grahamstown"),
        ("Kayelitsha", "Khayelitsha"),
        ("mitchels plain ward 43", "Mitchells Plain"),
        ("Blomfontein", "Bloemfontein"),
        ("Pietermaritsburg", "Pietermaritzburg"),
        ("Khayel", "Khayelitsha"),
    ],
)
def test_a_misspelt_name_leads_to_the_nearest_and_says_that_it_is_not_exact(
    text: str, name: str
) -> None:
    match = match_place(text)
    assert match and not match.exact
    assert match.place.name == name


@pytest.mark.parametrize("text", ["nowhere", "Xyz", "zzzz zzz", "", "12", "!!", "q" * 100, "Alx"])
def test_what_resembles_no_name_leads_nowhere(text: str) -> None:
    assert match_place(text) is None


def test_a_name_in_several_municipalities_leads_to_all_of_them() -> None:
    match = match_place("Berea")
    assert match and {m.code for m in match.place.municipalities} == {"BUF", "JHB", "ETH"}
    assert match.municipality is None
    assert match.narrow(WardSearch()) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [("Berea, Durban", "ETH"), ("Berea Gauteng", "JHB"), ("Middelburg, Eastern Cape", "EC131")],
)
def test_a_second_name_says_which_of_several_is_meant(text: str, code: str) -> None:
    match = match_place(text)
    assert match and match.municipality and match.municipality.code == code


@pytest.mark.parametrize(
    ("text", "province"), [("KZN", "KwaZulu-Natal"), ("Wes-Kaap", "Western Cape")]
)
def test_a_province_narrows_to_itself(text: str, province: str) -> None:
    match = match_place(f"{text} 3")
    assert match
    assert match.narrow(WardSearch(page=2)) == WardSearch(text="3", province=province, page=2)


def test_a_district_leads_to_its_municipalities() -> None:
    match = match_place("West Rand")
    assert match and [m.code for m in match.place.municipalities] == ["GT481", "GT484", "GT485"]


def test_the_table_has_all_municipalities_of_2021() -> None:
    codes = [f"{line.partition(',')[0]}" for line in _table()[1:]]
    assert len(codes) == len(set(codes)) == 213
    municipalities = [municipality_by_code(code) for code in codes]
    assert all(municipalities)
    known = [m for m in municipalities if m]
    assert sum(m.metropolitan for m in known) == 8
    assert len({m.district for m in known if m.district}) == 44
    assert {m.province for m in known} == set(PROVINCES)
    # A metropolitan municipality's code has no digits; a local one's begins with its province.
    assert all(m.metropolitan == m.code.isalpha() for m in known)
    letters = {re.sub(r"\d", "", m.code): m.province for m in known if not m.metropolitan}
    assert len(letters) == len(set(letters.values())) == 9


def _table() -> list[str]:
    from main import places

    path = places.__file__.removesuffix("places.py") + "data/municipalities.csv"
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(_table()[1:]), st.data())
def test_every_name_of_the_table_is_found_in_any_spelling(line: str, data: st.DataObject) -> None:
    code, name, _, district, places = line.split(",")
    written = data.draw(st.sampled_from([name, *filter(None, [district, *places.split(";")])]))
    spelling = data.draw(st.sampled_from([str.lower, str.upper, str.title, lambda t: f"  {t}  99"]))
    match = match_place(spelling(written))
    assert match and match.exact
    # "Naledi" is a municipality, "Free State" a province: a province has no municipalities here.
    assert match.place.province or code in {m.code for m in match.place.municipalities}


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=100))
def test_no_text_is_too_strange(text: str) -> None:
    match = match_place(text)
    assert match is None or match.place.municipalities or match.place.province


def codes(page: str) -> list[str]:
    return re.findall(r'href="/wards/(\w+)"', page)


def test_a_place_shows_the_wards_of_its_municipality_on_every_page(client: FlaskClient) -> None:
    page = client.get("/wards?q=Umlazi&per_page=10").text
    assert "Umlazi is in the municipality eThekwini. 16 wards match; this is page 1 of 2." in page
    rest = client.get("/wards?q=Umlazi&per_page=10&page=2").text
    assert len({*codes(page), *codes(rest)}) == 16
    assert WARD_FINDER in page


def test_a_place_with_a_number_shows_that_ward(client: FlaskClient) -> None:
    page = client.get("/wards?q=Pinetown+ward+2").text
    assert codes(page) == ["79800004"]
    assert WARD_FINDER not in page


def test_a_number_that_the_municipality_lacks_is_said_with_a_way_on(client: FlaskClient) -> None:
    page = client.get("/wards?q=Durban+999").text
    assert "There is no ward 999 in eThekwini." in page
    assert 'href="/wards?municipality=ETH"' in page


def test_there_is_no_ward_of_the_number_zero(client: FlaskClient) -> None:
    assert "There is no ward 0 in eThekwini." in client.get("/wards?q=Durban+0").text


def test_a_misspelt_place_shows_what_was_understood_and_what_else_may_be_meant(
    client: FlaskClient,
) -> None:
    page = client.get("/wards?q=Makanda").text
    assert "We know no place called “Makanda”." in page
    assert "<strong>Makhanda</strong>" in page
    assert 'Or did you mean: <a href="/wards?q=Makana">Makana</a>' in page


def test_a_municipality_without_data_is_said_and_the_ward_finder_is_offered(
    client: FlaskClient,
) -> None:
    page = client.get("/wards?q=Makhanda").text
    assert "There is no data for Makana yet." in page
    assert f'href="{WARD_FINDER}"' in page


def test_a_name_in_several_municipalities_asks_which(client: FlaskClient) -> None:
    page = client.get("/wards?q=Berea+4").text
    assert "Several municipalities have a place called Berea" in page
    assert 'href="/wards?q=4&amp;municipality=JHB"' in page
    assert "Buffalo City</strong> <span>Eastern Cape · no data yet" in page


def test_an_unknown_place_leads_to_the_ward_finder(client: FlaskClient) -> None:
    page = client.get("/wards?q=nowhere").text
    assert "we know no place of this name" in page
    assert f'href="{WARD_FINDER}"' in page


def test_a_ward_of_that_name_comes_before_any_place(client: FlaskClient) -> None:
    # "Mlazi" is in the name of every ward of this town; it is also close to Umlazi.
    assert "47 wards match" in client.get("/wards?q=mlazi").text


def test_the_api_takes_text_as_it_is(client: FlaskClient) -> None:
    assert client.get("/api/v1/wards?q=durban").json["total"] == 0
