"""Validation of a row: the rules for each column, and one message for each broken rule."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from main.ballots import BALLOT_PAPERS

# The maximum lengths of the text columns in the database.
_MAX_LENGTHS = {
    "province": 100,
    "municipality": 200,
    "municipality_code": 20,
    "ward_code": 32,
    "ward_name": 200,
    "election": 200,
    "party": 200,
    "party_abbreviation": 20,
    "name": 200,
}
_OPTIONAL = {"party", "party_abbreviation", "age"}
_SAMPLE_MARK = "sample data"


class InvalidRow(ValueError):
    """A row that cannot be imported. The message names every invalid cell."""


# A NamedTuple, because a frozen dataclass takes three times as long to create, and a file can have
# a hundred thousand rows.
class Row(NamedTuple):
    """A valid row. `party` is empty for an independent candidate."""

    province: str
    municipality: str
    municipality_code: str
    ward_code: str
    ward_number: int
    ward_name: str
    election: str
    held_on: date
    party: str
    party_abbreviation: str
    ballot: str
    position: int
    name: str
    age: int | None

    @property
    def sample(self) -> bool:
        """Whether the name of the election marks it as sample data."""
        return _SAMPLE_MARK in self.election.lower()

    @property
    def ballot_line(self) -> tuple[str, str, str, int]:
        """The line of the ballot paper. Only one candidate can stand on it."""
        return (self.election, self.ward_code, self.ballot, self.position)


def validate(cells: Mapping[str, str]) -> Row:
    """Convert the cells of a row, by column name. Raises InvalidRow with every error."""
    errors = _text_errors(cells)
    ward_number = _integer(cells, "ward_number", minimum=1, maximum=999_999, errors=errors)
    position = _integer(cells, "position", minimum=1, maximum=9_999, errors=errors)
    age = _integer(cells, "age", minimum=18, maximum=120, errors=errors) if cells["age"] else None
    held_on = _date(cells, "held_on", errors=errors)
    if cells["ballot"] not in BALLOT_PAPERS:
        errors.append(f"ballot is {cells['ballot']!r}; it must be {' or '.join(BALLOT_PAPERS)}")
    if errors:
        raise InvalidRow("; ".join(errors))
    return Row(
        province=cells["province"],
        municipality=cells["municipality"],
        municipality_code=cells["municipality_code"],
        ward_code=cells["ward_code"],
        ward_number=ward_number,
        ward_name=cells["ward_name"],
        election=cells["election"],
        held_on=held_on,
        party=cells["party"],
        party_abbreviation=cells["party_abbreviation"],
        ballot=cells["ballot"],
        position=position,
        name=cells["name"],
        age=age,
    )


def _text_errors(cells: Mapping[str, str]) -> list[str]:
    errors = []
    for column, max_length in _MAX_LENGTHS.items():
        text = cells[column]
        if not text and column not in _OPTIONAL:
            errors.append(f"{column} is empty")
        elif len(text) > max_length:
            errors.append(f"{column} has more than {max_length} characters")
        elif not text.isprintable():
            errors.append(f"{column} has characters that cannot be shown")
    if bool(cells["party"]) != bool(cells["party_abbreviation"]):
        errors.append("party and party_abbreviation go together")
    return errors


def _integer(
    cells: Mapping[str, str], column: str, *, minimum: int, maximum: int, errors: list[str]
) -> int:
    """The number in a cell. An invalid cell adds an error, and its value must not be used."""
    text = cells[column]
    if text.isascii() and text.isdecimal() and len(text) <= 9 and minimum <= int(text) <= maximum:
        return int(text)
    errors.append(f"{column} is {text!r}; it must be a whole number from {minimum} to {maximum}")
    return minimum


def _date(cells: Mapping[str, str], column: str, *, errors: list[str]) -> date:
    """The date in a cell. An invalid cell adds an error, and its value must not be used."""
    try:
        return date.fromisoformat(cells[column])
    except ValueError:
        errors.append(f"{column} is {cells[column]!r}; it must be a date like 2026-11-04")
        return date.min
