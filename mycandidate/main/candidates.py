"""Who stands in a ward: by election, by ballot, in the order of the ballot paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from main.extensions import db
from main.models import Candidate, Ward
from main.remembered import remembered
from main.wards import WardView, ward_by_code

# In the order in which a voter meets them: first the person for the ward, then the party list.
BALLOTS = {"ward": "Ward ballot", "proportional": "Proportional ballot"}


@dataclass(frozen=True)
class CandidateView:
    """One line of a ballot; without a party the candidate is independent."""

    position: int
    name: str
    age: int | None
    party: str | None
    party_abbreviation: str | None


@dataclass(frozen=True)
class BallotView:
    """One ballot paper."""

    ballot: str
    candidates: tuple[CandidateView, ...]

    @property
    def title(self) -> str:
        """The ballot's name for people."""
        return BALLOTS.get(self.ballot, self.ballot.capitalize())


@dataclass(frozen=True)
class ElectionView:
    """An election and its ballots in one ward."""

    name: str
    held_on: date
    sample: bool
    ballots: tuple[BallotView, ...]


@dataclass(frozen=True)
class WardCandidates:
    """A ward and everybody who stands in it, newest election first."""

    ward: WardView
    elections: tuple[ElectionView, ...]

    @property
    def sample(self) -> bool:
        """Whether any of it is invented."""
        return any(election.sample for election in self.elections)


def candidates_in(code: str) -> WardCandidates | None:
    """Who stands in this ward. Two queries, however many candidates; none if remembered."""
    return remembered(f"candidates:{code}", lambda: _look_up(code))


def _look_up(code: str) -> WardCandidates | None:
    ward = ward_by_code(code)
    if ward is None:
        return None
    candidates = db.session.scalars(
        select(Candidate)
        .join(Candidate.ward)
        .where(Ward.code == code)
        .options(joinedload(Candidate.party), joinedload(Candidate.election))
    ).all()
    return WardCandidates(ward=ward, elections=_by_election(candidates))


def _by_election(candidates: Sequence[Candidate]) -> tuple[ElectionView, ...]:
    def election_key(candidate: Candidate) -> tuple[int, str]:
        return (-candidate.election.held_on.toordinal(), candidate.election.name)

    views = []
    for _, group in groupby(sorted(candidates, key=election_key), key=election_key):
        of_election = list(group)
        election = of_election[0].election
        views.append(
            ElectionView(election.name, election.held_on, election.sample, _by_ballot(of_election))
        )
    return tuple(views)


def _by_ballot(candidates: list[Candidate]) -> tuple[BallotView, ...]:
    order = {ballot: place for place, ballot in enumerate(BALLOTS)}

    def ballot_key(candidate: Candidate) -> tuple[int, str]:
        return (order.get(candidate.ballot, len(order)), candidate.ballot)

    by_position = sorted(candidates, key=lambda candidate: candidate.position)
    return tuple(
        BallotView(ballot, tuple(_view(candidate) for candidate in group))
        for (_, ballot), group in groupby(sorted(by_position, key=ballot_key), key=ballot_key)
    )


def _view(candidate: Candidate) -> CandidateView:
    party = candidate.party
    return CandidateView(
        position=candidate.position,
        name=candidate.name,
        age=candidate.age,
        party=party.name if party else None,
        party_abbreviation=party.abbreviation if party else None,
    )
