"""Finding wards: every query about wards is here, and each function says what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from main.extensions import db
from main.models import Ward

MAX_TEXT = 100
MAX_PAGE = 100_000
MAX_PER_PAGE = 100
DEFAULT_PER_PAGE = 20
# Whoever types more words than this is not looking for a ward; the bound keeps the query small.
MAX_WORDS = 8
MAX_CODE = 32
# Four digits and more look like the beginning of a ward code; fewer are a ward number alone.
SHORTEST_CODE_PREFIX = 4
LONGEST_NUMBER = 6


@dataclass(frozen=True)
class WardView:
    """A ward as pages and the API show it, free of the database session."""

    code: str
    number: int
    name: str
    municipality: str
    municipality_code: str
    province: str


@dataclass(frozen=True)
class WardSearch:
    """What somebody looks for, already checked against the bounds above."""

    text: str = ""
    province: str = ""
    municipality: str = ""
    page: int = 1
    per_page: int = DEFAULT_PER_PAGE


@dataclass(frozen=True)
class WardPage:
    """One page of the wards that match."""

    wards: tuple[WardView, ...]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        """How many pages there are; nothing found is still one (empty) page."""
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
    """The page asked for. Two queries, whatever the page size."""
    matches = _conditions(search)
    total = db.session.scalar(select(func.count()).select_from(Ward).where(*matches)) or 0
    rows = db.session.execute(
        select(*_COLUMNS)
        .where(*matches)
        # The code is unique: without it two wards alike in name and number could change places
        # between one page and the next, and one of them would never be seen.
        .order_by(Ward.municipality, Ward.number, Ward.code)
        .limit(search.per_page)
        .offset((search.page - 1) * search.per_page)
    )
    wards = tuple(WardView(*row) for row in rows)
    return WardPage(wards=wards, total=total, page=search.page, per_page=search.per_page)


def ward_by_code(code: str) -> WardView | None:
    """The ward of this code. One query, or none if no ward can have such a code."""
    # PostgreSQL refuses a NUL inside text, so such a code must not reach it.
    if not code.isprintable() or len(code) > MAX_CODE:
        return None
    row = db.session.execute(select(*_COLUMNS).where(Ward.code == code)).one_or_none()
    return None if row is None else WardView(*row)


def _conditions(search: WardSearch) -> Sequence[ColumnElement[bool]]:
    conditions = [_word_matches(word) for word in _words(search.text)]
    if search.province:
        conditions.append(func.lower(Ward.province) == search.province.lower())
    if search.municipality:
        wanted = search.municipality.lower()
        conditions.append(
            or_(
                func.lower(Ward.municipality) == wanted,
                func.lower(Ward.municipality_code) == wanted,
            )
        )
    return conditions


def _words(text: str) -> list[str]:
    words = text.replace(",", " ").split()
    # People write "ward 12" although no ward is called that; the word alone still means itself.
    telling = [word for word in words if word.lower() != "ward"]
    return (telling or words)[:MAX_WORDS]


def _word_matches(word: str) -> ColumnElement[bool]:
    ways: list[ColumnElement[Any]] = []
    if word.isascii() and word.isdecimal():
        # A longer number overflows the column's type on PostgreSQL and is no ward's anyway.
        if len(word) <= LONGEST_NUMBER:
            ways.append(Ward.number == int(word))
        if len(word) >= SHORTEST_CODE_PREFIX:
            ways.append(Ward.code.startswith(word, autoescape=True))
    else:
        ways = [
            Ward.name.icontains(word, autoescape=True),
            Ward.municipality.icontains(word, autoescape=True),
            func.lower(Ward.municipality_code) == word.lower(),
            func.lower(Ward.code) == word.lower(),
        ]
    return or_(*ways)
