"""The catalogues: complete, correct in their placeholders, compiled, and nothing beside them."""

import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask
from town import EMPTY_WARD, FULL_WARD

from main.languages import LANGUAGES, OTHERS

ROOT = Path(__file__).parents[2]
TRANSLATIONS = ROOT / "main" / "translations"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true", "silent": "false"}}
# The same in Afrikaans as in English.
SAME = {"Gauteng", "KwaZulu-Natal", "Limpopo", "Mpumalanga", "Parameters", "Party"}


@pytest.fixture(scope="module")
def source() -> Catalog:
    """The texts of the application, as they stand in its code and templates."""
    catalog = Catalog()
    keywords = {**DEFAULT_KEYWORDS, "lazy_gettext": None}
    for _, _, message, _, context in extract_from_dir(
        ROOT / "main", METHODS, OPTIONS, keywords=keywords
    ):
        catalog.add(message, context=context)
    return catalog


def catalogue(code: str) -> Catalog:
    with (TRANSLATIONS / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


def texts(message: Message) -> tuple[str, ...]:
    return message.id if isinstance(message.id, tuple) else (message.id,)


def strings(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string or "",)


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(code: str, source: Catalog) -> None:
    wanted = {texts(message) for message in source if message.id}
    assert len(wanted) > 100
    assert {texts(message) for message in catalogue(code) if message.id} == wanted


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated_in_all_its_forms(code: str) -> None:
    translated = catalogue(code)
    for message in translated:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        forms = translated.num_plurals if message.pluralizable else 1
        assert len(strings(message)) == forms, message.id
        assert all(text.strip() for text in strings(message)), message.id
        assert set(strings(message)).isdisjoint(texts(message)) or message.id in SAME, message.id


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_keeps_placeholders_elements_and_edges(code: str) -> None:
    for message in catalogue(code):
        if not message.id:
            continue
        for original, translation in zip(texts(message), strings(message), strict=True):
            for pattern in (r"%\(\w+\)s", r"</?\w+[^>]*>", r"`\w+`"):
                found = re.findall(pattern, translation)
                assert sorted(found) == sorted(re.findall(pattern, original)), original
            assert re.sub(r"%\(\w+\)s", "", translation).count("%") == 0
            for edge in (r"^\s*", r"\s*$", r"[.?:]?$"):
                assert re.findall(edge, translation)[0] == re.findall(edge, original)[0], original


@pytest.mark.parametrize("code", OTHERS)
def test_the_compiled_catalogue_is_of_this_one(code: str) -> None:
    compiled = BytesIO()
    write_mo(compiled, catalogue(code))
    committed = (TRANSLATIONS / code / "LC_MESSAGES" / "messages.mo").read_bytes()
    assert committed == compiled.getvalue(), "run: pybabel compile -d main/translations"


def test_there_is_a_catalogue_of_each_language_and_no_other() -> None:
    assert {folder.name for folder in TRANSLATIONS.iterdir() if folder.is_dir()} == set(OTHERS)
    assert {"en", *OTHERS} == set(LANGUAGES)


class _VisibleText(HTMLParser):
    """Collects what people read on a page, or hear: texts, labels and descriptions."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()
        self._code = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._code += tag in ("code", "style")
        values = dict(attributes)
        self.texts.update(
            value for name in ("aria-label", "alt", "title") if (value := values.get(name))
        )
        if values.get("name") == "description":
            self.texts.add(values.get("content") or "")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("code", "style")

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.texts.add(" ".join(data.split()))


def visible(page: str) -> set[str]:
    parser = _VisibleText()
    parser.feed(page)
    titles = {text.removesuffix(" – MyCandidate") for text in parser.texts}
    return {text for text in titles if re.search(r"[^\W\d_]{2}", text)}


# What is the same in every language: names, and what the data say.
NAMES = re.compile(
    r"MyCandidate( API)?|API|ETag|openapi\.json|.*100% Mlazi.*|Name \d+ .*|Invented Unity \(IU\)"
    r"|.*election 20\d\d|City of (Johannesburg|Cape Town)|eThekwini|\(ETH\)|ETH|Soweto|Durban 12"
    r"|Buffalo City|KwaZulu-Natal|Gauteng|Makhanda|Makana|\d+ November \d+|\W*Durban\W*|Party"
    r"|Parameters|WardPage|Ward|WardCandidates|Candidate|Election|Problem|Document|string|integer"
    r"|boolean|object|null|Afrikaans|English|\(OpenAPI [\d.]+\)\.|RFC 9457;"
    # And what was searched for.
    r"|durban|Durban 999|Makanda|Marikana|Berea|nowhere"
)


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/about",
        "/wards",
        "/wards?q=durban&per_page=5",
        "/wards?q=Makanda",
        "/wards?q=Berea",
        "/wards?q=nowhere",
        "/wards?q=Durban+999",
        f"/wards/{FULL_WARD}",
        f"/wards/{EMPTY_WARD}",
        "/api/docs",
        "/nowhere",
        "/wards/nope",
        "/wards?page=0",
        "/wards?page=99",
    ],
)
def test_no_text_of_a_page_is_outside_of_the_catalogue(town: Flask, address: str) -> None:
    client = town.test_client()
    english = visible(client.get(address).text)
    afrikaans = visible(client.get(f"/af{address}").text)
    assert len(english) > 8
    left = {text for text in english & afrikaans if not NAMES.fullmatch(text)}
    assert left == set()
