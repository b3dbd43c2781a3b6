"""Queries for the candidates of a ward, in the order of the ballot papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from main.ballots import BALLOT_PAPERS
from main.cache import get_or_load
from main.election_day import Moment, moment
from main.extensions import db
from main.models import Candidate, Ward
from main.wards import WardView, ward_by_code


@dataclass(frozen=True)
class CandidateView:
    """A candidate on a ballot. An independent candidate has no party."""

    position: int
    name: str
    age: int | None
    party: str | None
    party_abbreviation: str | None


@dataclass(frozen=True)
class BallotView:
    """A ballot paper and its candidates."""

    ballot: str
    candidates: tuple[CandidateView, ...]

    @property
    def title(self) -> str:
        """The name of the ballot as a page shows it."""
        paper = BALLOT_PAPERS.get(self.ballot)
        return str(paper.title) if paper else self.ballot.capitalize()


@dataclass(frozen=True)
class ElectionView:
    """An election and its ballots in a ward."""

    name: str
    held_on: date
    sample: bool
    ballots: tuple[BallotView, ...]

    @property
    def moment(self) -> Moment:
        """Whether it is still to come."""
        return moment(self.held_on)


@dataclass(frozen=True)
class WardCandidates:
    """A ward and all its candidates, the newest election first."""

    ward: WardView
    elections: tuple[ElectionView, ...]

    @property
    def sample(self) -> bool:
        """Whether any election is sample data."""
        return any(election.sample for election in self.elections)


def candidates_in_ward(code: str) -> WardCandidates | None:
    """The candidates of a ward, or None if there is no such ward.

    Two queries, however many candidates there are; none if the result is cached.
    """
    return get_or_load(f"candidates:{code}", lambda: _query_candidates(code))


def _query_candidates(code: str) -> WardCandidates | None:
    ward = ward_by_code(code)
    if ward is None:
        return None
    candidates = db.session.scalars(
        select(Candidate)
        .join(Candidate.ward)
        .where(Ward.code == code)
        .options(joinedload(Candidate.party), joinedload(Candidate.election))
    ).all()
    return WardCandidates(ward=ward, elections=_group_by_election(candidates))


def _group_by_election(candidates: Sequence[Candidate]) -> tuple[ElectionView, ...]:
    def newest_first(candidate: Candidate) -> tuple[int, str]:
        return (-candidate.election.held_on.toordinal(), candidate.election.name)

    elections = []
    for _, group in groupby(sorted(candidates, key=newest_first), key=newest_first):
        election_candidates = list(group)
        election = election_candidates[0].election
        elections.append(
            ElectionView(
                name=election.name,
                held_on=election.held_on,
                sample=election.sample,
                ballots=_group_by_ballot(election_candidates),
            )
        )
    return tuple(elections)


def _group_by_ballot(candidates: Sequence[Candidate]) -> tuple[BallotView, ...]:
    ranks = {ballot: rank for rank, ballot in enumerate(BALLOT_PAPERS)}

    def display_order(candidate: Candidate) -> tuple[int, str]:
        return (ranks.get(candidate.ballot, len(ranks)), candidate.ballot)

    by_position = sorted(candidates, key=lambda candidate: candidate.position)
    return tuple(
        BallotView(ballot, tuple(_candidate_view(candidate) for candidate in group))
        for (_, ballot), group in groupby(sorted(by_position, key=display_order), key=display_order)
    )


def _candidate_view(candidate: Candidate) -> CandidateView:
    party = candidate.party
    return CandidateView(
        position=candidate.position,
        name=candidate.name,
        age=candidate.age,
        party=party.name if party else None,
        party_abbreviation=party.abbreviation if party else None,
    )
