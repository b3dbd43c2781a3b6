"""What a row must be like, and the words for each way in which it is not."""

from datetime import date
from typing import NamedTuple

from main.candidates import BALLOTS

# The longest texts that the tables take.
_LONGEST = {
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
_MAY_BE_EMPTY = {"party", "party_abbreviation", "age"}
_SAMPLE_MARK = "sample data"


class BadRow(ValueError):
    """Everything that is wrong with one row."""


class Row(NamedTuple):  # made a hundred thousand times: a frozen dataclass takes thrice as long
    """A row that can be stored. `party` is empty for an independent candidate."""

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
        """Whether its election says that it is invented."""
        return _SAMPLE_MARK in self.election.lower()

    @property
    def place(self) -> tuple[str, str, str, int]:
        """The line of a ballot paper that it fills; nobody else may."""
        return (self.election, self.ward_code, self.ballot, self.position)


def check(cells: dict[str, str]) -> Row:
    """The row in these cells. Raises BadRow with every fault."""
    faults = _text_faults(cells)
    ward_number = _number(cells, "ward_number", 1, 999_999, faults)
    position = _number(cells, "position", 1, 9_999, faults)
    age = _number(cells, "age", 18, 120, faults) if cells["age"] else None
    held_on = _date(cells, faults)
    if cells["ballot"] not in BALLOTS:
        faults.append(f"ballot is {cells['ballot']!r}; it must be {' or '.join(BALLOTS)}")
    if faults:
        raise BadRow("; ".join(faults))
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


def _text_faults(cells: dict[str, str]) -> list[str]:
    faults = []
    for name, longest in _LONGEST.items():
        text = cells[name]
        if not text and name not in _MAY_BE_EMPTY:
            faults.append(f"{name} is empty")
        elif len(text) > longest:
            faults.append(f"{name} has more than {longest} characters")
        elif not text.isprintable():
            faults.append(f"{name} has characters that cannot be shown")
    if bool(cells["party"]) != bool(cells["party_abbreviation"]):
        faults.append("party and party_abbreviation go together")
    return faults


def _number(cells: dict[str, str], name: str, least: int, most: int, faults: list[str]) -> int:
    text = cells[name]
    if text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= most:
        return int(text)
    faults.append(f"{name} is {text!r}; it must be a whole number from {least} to {most}")
    return least


def _date(cells: dict[str, str], faults: list[str]) -> date:
    try:
        return date.fromisoformat(cells["held_on"])
    except ValueError:
        faults.append(f"held_on is {cells['held_on']!r}; it must be a date like 2026-11-04")
        return date.min
