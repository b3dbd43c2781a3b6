"""Queries for wards. The docstring of each function says how many queries it makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from main.extensions import db
from main.models import Ward

MAX_TEXT_LENGTH = 100
MAX_PAGE = 100_000
MAX_PER_PAGE = 100
DEFAULT_PER_PAGE = 20
# A search for a ward never needs more terms than this; the limit keeps the query small.
MAX_SEARCH_TERMS = 8
MAX_CODE_LENGTH = 32
# A number of four digits or more can be the beginning of a ward code; a shorter one is only a ward
# number.
MIN_CODE_PREFIX_LENGTH = 4
MAX_NUMBER_LENGTH = 6


@dataclass(frozen=True)
class WardView:
    """A ward as pages and the API show it, independent of the database session."""

    code: str
    number: int
    name: str
    municipality: str
    municipality_code: str
    province: str


@dataclass(frozen=True)
class WardSearch:
    """A search for wards, already validated."""

    text: str = ""
    province: str = ""
    municipality: str = ""
    page: int = 1
    per_page: int = DEFAULT_PER_PAGE


@dataclass(frozen=True)
class WardPage:
    """A page of the wards that match a search. `total` counts the wards of all pages."""

    wards: tuple[WardView, ...]
    total: int
    number: int
    per_page: int

    @property
    def page_count(self) -> int:
        """The number of pages; a search without matches has one, empty page."""
        return max(1, -(-self.total // self.per_page))


_COLUMNS = (
    Ward.code,
    Ward.number,
    Ward.name,
    Ward.municipality,
    Ward.municipality_code,
    Ward.province,
)


def find_wards(search: WardSearch) -> WardPage:
    """The requested page of the wards that match. Two queries, whatever the page size."""
    conditions = _search_conditions(search)
    total = db.session.scalar(select(func.count()).select_from(Ward).where(*conditions)) or 0
    rows = db.session.execute(
        select(*_COLUMNS)
        .where(*conditions)
        # The unique code makes the order total. Without it two wards with the same municipality
        # and number could swap between two pages, and a client would miss one of them.
        .order_by(Ward.municipality, Ward.number, Ward.code)
        .limit(search.per_page)
        .offset((search.page - 1) * search.per_page)
    )
    return WardPage(
        wards=tuple(WardView(*row) for row in rows),
        total=total,
        number=search.page,
        per_page=search.per_page,
    )


def ward_by_code(code: str) -> WardView | None:
    """The ward with this code. One query, or none if no ward can have such a code."""
    # PostgreSQL rejects NUL in a text, so such a code must not reach it.
    if not code.isprintable() or len(code) > MAX_CODE_LENGTH:
        return None
    row = db.session.execute(select(*_COLUMNS).where(Ward.code == code)).one_or_none()
    return None if row is None else WardView(*row)


def _search_conditions(search: WardSearch) -> Sequence[ColumnElement[bool]]:
    conditions = [_matches_term(term) for term in _search_terms(search.text)]
    if search.province:
        conditions.append(func.lower(Ward.province) == search.province.lower())
    if search.municipality:
        municipality = search.municipality.lower()
        conditions.append(
            or_(
                func.lower(Ward.municipality) == municipality,
                func.lower(Ward.municipality_code) == municipality,
            )
        )
    return conditions


def _search_terms(text: str) -> list[str]:
    terms = text.replace(",", " ").split()
    # People type "ward 12", although "ward" is not part of a ward's name. It counts only if it is
    # the whole search.
    distinctive_terms = [term for term in terms if term.lower() != "ward"]
    return (distinctive_terms or terms)[:MAX_SEARCH_TERMS]


def _matches_term(term: str) -> ColumnElement[bool]:
    alternatives: list[ColumnElement[Any]] = []
    if term.isascii() and term.isdecimal():
        # A longer number is not a ward number, and would overflow the column on PostgreSQL.
        if len(term) <= MAX_NUMBER_LENGTH:
            alternatives.append(Ward.number == int(term))
        if len(term) >= MIN_CODE_PREFIX_LENGTH:
            alternatives.append(Ward.code.startswith(term, autoescape=True))
    else:
        alternatives = [
            Ward.name.icontains(term, autoescape=True),
            Ward.municipality.icontains(term, autoescape=True),
            func.lower(Ward.municipality_code) == term.lower(),
            func.lower(Ward.code) == term.lower(),
        ]
    return or_(*alternatives)
