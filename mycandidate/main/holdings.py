"""What the data set holds as a whole: its elections, and where its wards are."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import func, select

from main.extensions import db
from main.models import Candidate, Election, Ward
from main.remembered import remembered


@dataclass(frozen=True)
class ElectionHolding:
    """An election and how many candidates of it are known."""

    name: str
    held_on: date
    sample: bool
    candidates: int


@dataclass(frozen=True)
class MunicipalityHolding:
    """A municipality and how many of its wards are known."""

    name: str
    code: str
    province: str
    wards: int


@dataclass(frozen=True)
class Holdings:
    """Everything that is known, in figures."""

    elections: tuple[ElectionHolding, ...]
    municipalities: tuple[MunicipalityHolding, ...]

    @property
    def sample(self) -> bool:
        """Whether any of it is invented."""
        return any(election.sample for election in self.elections)

    @property
    def wards(self) -> int:
        """The number of wards."""
        return sum(municipality.wards for municipality in self.municipalities)

    @property
    def candidates(self) -> int:
        """The number of candidates."""
        return sum(election.candidates for election in self.elections)

    @property
    def provinces(self) -> dict[str, tuple[MunicipalityHolding, ...]]:
        """The municipalities of each province, both in alphabetical order."""
        grouped = groupby(self.municipalities, key=lambda municipality: municipality.province)
        return {province: tuple(group) for province, group in grouped}


def holdings() -> Holdings:
    """The data set in figures. Two queries; none if remembered."""
    return remembered("holdings", _count) or Holdings((), ())


def _count() -> Holdings | None:
    elections = db.session.execute(
        select(Election.name, Election.held_on, Election.sample, func.count(Candidate.id))
        .outerjoin(Candidate, Candidate.election_id == Election.id)
        .group_by(Election.id, Election.name, Election.held_on, Election.sample)
        .order_by(Election.held_on.desc(), Election.name)
    )
    municipalities = db.session.execute(
        select(Ward.municipality, Ward.municipality_code, Ward.province, func.count(Ward.id))
        .group_by(Ward.municipality, Ward.municipality_code, Ward.province)
        .order_by(Ward.province, Ward.municipality, Ward.municipality_code)
    )
    found = Holdings(
        elections=tuple(ElectionHolding(*row) for row in elections),
        municipalities=tuple(MunicipalityHolding(*row) for row in municipalities),
    )
    # An empty data set is about to be filled: remembering it would hide the first import.
    return found if found.wards else None
