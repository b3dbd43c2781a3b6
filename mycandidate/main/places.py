"""Places as people call them, and the municipalities they are in: data/README.md has the source."""

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from main.languages import lazy_gettext
from main.wards import MAX_NUMBER_LENGTH, WardSearch

_DATA = Path(__file__).parent / "data"
# The Electoral Commission's finder: it knows the ward and the voting station of an address.
WARD_FINDER = "https://maps.elections.org.za/vsfinder/"
# The names as they stand in the data, and as a page shows them.
PROVINCES = {
    "Eastern Cape": lazy_gettext("Eastern Cape"),
    "Free State": lazy_gettext("Free State"),
    "Gauteng": lazy_gettext("Gauteng"),
    "KwaZulu-Natal": lazy_gettext("KwaZulu-Natal"),
    "Limpopo": lazy_gettext("Limpopo"),
    "Mpumalanga": lazy_gettext("Mpumalanga"),
    "North West": lazy_gettext("North West"),
    "Northern Cape": lazy_gettext("Northern Cape"),
    "Western Cape": lazy_gettext("Western Cape"),
}
# What difflib calls close: one wrong letter of five is 0.8. Below this, names resemble by chance.
_CLOSE = 0.78
_MAX_ALTERNATIVES = 3
# A shorter name is only matched as it is: too many others differ from it by one letter.
_MIN_APPROXIMATE_LENGTH = 4
_WORD = re.compile(r"[^\W_]+")
_ABBREVIATIONS = {"mt": "mount", "st": "saint", "pt": "port"}
# They say what kind of thing is meant, in English and Afrikaans, and rarely belong to a name.
_KINDS = frozenset({"ward", "wyk", "municipality", "munisipaliteit", "metro", "township"})


@dataclass(frozen=True)
class Municipality:
    """A municipality. `district` is empty for a metropolitan one, which is in no district."""

    code: str
    name: str
    province: str
    district: str

    @property
    def metropolitan(self) -> bool:
        """Whether it is a metropolitan municipality, and not a local one."""
        return not self.district


@dataclass(frozen=True)
class Place:
    """A name on the map: of a place in one or more municipalities, or of a whole province."""

    name: str
    municipalities: tuple[Municipality, ...] = ()
    province: str = ""


@dataclass(frozen=True)
class PlaceMatch:
    """The place that a search means.

    exact: whether the search has its name as it is written; otherwise the name is only close.
    alternatives: further places whose names are close.
    """

    place: Place
    ward_number: int | None
    exact: bool = True
    alternatives: tuple[Place, ...] = ()

    @property
    def municipality(self) -> Municipality | None:
        """The municipality, if there is only one."""
        municipalities = self.place.municipalities
        return municipalities[0] if len(municipalities) == 1 else None

    def narrow(self, search: WardSearch) -> WardSearch | None:
        """The search for wards of this place; None while several municipalities have its name."""
        text = "" if self.ward_number is None else str(self.ward_number)
        if self.place.province:
            return replace(search, text=text, province=self.place.province)
        if self.municipality:
            return replace(search, text=text, municipality=self.municipality.code)
        return None


def match_place(text: str) -> PlaceMatch | None:
    """The place in the text of a search, or None. A number in the text is a ward's number.

    Names are compared without accents, case, spaces and punctuation. If no part of the text is a
    name, the nearest names count.
    """
    terms = _terms(text)
    numbers = [int(t) for t in terms if t.isdecimal() and len(t) <= MAX_NUMBER_LENGTH]
    terms = [term for term in terms if not term.isdecimal()]
    ward_number = numbers[0] if numbers else None
    exact = list(_exact_places(terms))
    if exact:
        return PlaceMatch(_intersection(exact), ward_number)
    close = _close_places("".join(term for term in terms if term not in _KINDS))
    if not close:
        return None
    return PlaceMatch(close[0], ward_number, exact=False, alternatives=close[1:])


def province_name(name: str) -> str:
    """The name of a province in the language of the request; a name that is none stays."""
    return str(PROVINCES.get(name, name))


def municipality_by_code(code: str) -> Municipality | None:
    """The municipality with this code, or None."""
    return _municipalities().get(code)


def _terms(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text.replace("'", "").replace("’", ""))
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return [_ABBREVIATIONS.get(term, term) for term in _WORD.findall(plain.casefold())]


def _exact_places(terms: list[str]) -> Iterable[Place]:
    """The places named in the terms, each by as many of them as possible, in their order."""
    places = _places()
    start = 0
    while start < len(terms):
        for end in range(len(terms), start, -1):
            place = places.get("".join(terms[start:end]))
            if place:
                yield place
                start = end - 1
                break
        start += 1


def _intersection(places: list[Place]) -> Place:
    """The first place, in those of its municipalities that the other places are in, too.

    "Berea, Durban" is in Durban, although other municipalities have a Berea.
    """
    first, *others = places
    for other in others:
        common = tuple(m for m in first.municipalities if _covers(other, m))
        if common:
            first = replace(first, municipalities=common)
    return first


def _covers(place: Place, municipality: Municipality) -> bool:
    return municipality in place.municipalities or municipality.province == place.province


def _close_places(key: str) -> tuple[Place, ...]:
    """The places whose names resemble the key, the nearest first."""
    if len(key) < _MIN_APPROXIMATE_LENGTH:
        return ()
    places = _places()
    keys = get_close_matches(key, places, n=1 + _MAX_ALTERNATIVES, cutoff=_CLOSE)
    beginnings = (other for other in places if other.startswith(key))
    # A place has several names; each place counts once.
    unique = dict.fromkeys(places[other] for other in (*keys, *beginnings))
    return tuple(unique)[: 1 + _MAX_ALTERNATIVES]


@cache
def _municipalities() -> dict[str, Municipality]:
    return {
        row["code"]: Municipality(row["code"], row["name"], row["province"], row["district"])
        for row in _rows("municipalities.csv")
    }


@cache
def _places() -> dict[str, Place]:
    """All places by the keys of their names. Municipalities and districts are places, too."""
    places: dict[str, Place] = {}
    for row in _rows("municipalities.csv"):
        municipality = _municipalities()[row["code"]]
        for name in filter(None, [row["name"], row["district"], *row["places"].split(";")]):
            key = "".join(_terms(name))
            place = places.get(key, Place(name))
            if municipality not in place.municipalities:
                municipalities = (*place.municipalities, municipality)
                places[key] = replace(place, municipalities=municipalities)
    for row in _rows("provinces.csv"):
        for name in (row["name"], *row["names"].split(";")):
            places["".join(_terms(name))] = Place(row["name"], province=row["name"])
    return places


@cache
def _rows(file_name: str) -> tuple[dict[str, str], ...]:
    with (_DATA / file_name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
