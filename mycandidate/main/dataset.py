"""A summary of the whole data set: its elections, and the municipalities of its wards."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import func, select

from main.cache import get_or_load
from main.election_day import Moment, moment, relevant
from main.extensions import db
from main.models import Candidate, Election, Ward


@dataclass(frozen=True)
class ElectionSummary:
    """An election and the number of its candidates."""

    name: str
    held_on: date
    sample: bool
    candidates: int

    @property
    def moment(self) -> Moment:
        """Whether it is still to come."""
        return moment(self.held_on)


@dataclass(frozen=True)
class MunicipalitySummary:
    """A municipality and the number of its wards."""

    name: str
    code: str
    province: str
    wards: int


@dataclass(frozen=True)
class DatasetSummary:
    """The data set in figures."""

    elections: tuple[ElectionSummary, ...]
    municipalities: tuple[MunicipalitySummary, ...]

    @property
    def sample(self) -> bool:
        """Whether any election is sample data."""
        return any(election.sample for election in self.elections)

    @property
    def moment(self) -> Moment:
        """Whether the election that visitors come for is still to come."""
        election = relevant(self.elections)
        return election.moment if election else Moment.BEFORE

    @property
    def wards(self) -> int:
        """The number of wards."""
        return sum(municipality.wards for municipality in self.municipalities)

    @property
    def candidates(self) -> int:
        """The number of candidates."""
        return sum(election.candidates for election in self.elections)

    @property
    def provinces(self) -> dict[str, tuple[MunicipalitySummary, ...]]:
        """The municipalities by province, both in alphabetical order."""
        groups = groupby(self.municipalities, key=lambda municipality: municipality.province)
        return {province: tuple(municipalities) for province, municipalities in groups}


def summarize_dataset() -> DatasetSummary:
    """The data set in figures. Two queries, or none if the summary is cached."""
    empty = DatasetSummary(elections=(), municipalities=())
    return get_or_load("dataset", _query_summary) or empty


def _query_summary() -> DatasetSummary | None:
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
    summary = DatasetSummary(
        elections=tuple(ElectionSummary(*row) for row in elections),
        municipalities=tuple(MunicipalitySummary(*row) for row in municipalities),
    )
    # An empty data set is not cached: the first import would stay invisible for a minute.
    return summary if summary.wards else None
