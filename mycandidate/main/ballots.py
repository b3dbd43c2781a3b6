"""The ballot papers of a municipal election.

Local Government: Municipal Structures Act 117 of 1998, sections 22 and 23 and Schedules 1 and 2:
a voter has a ballot for the ward and one for a party; outside of metropolitan municipalities, a
third one for the district council.
"""

from dataclasses import dataclass
from typing import Any

from main.languages import lazy_gettext
from main.places import Municipality


@dataclass(frozen=True)
class BallotPaper:
    """A kind of ballot paper. `kind` names it in the data; the texts are translated lazily."""

    kind: str
    title: Any
    purpose: Any


# In display order: the ballot for a person comes before the ballots for a party.
BALLOT_PAPERS = {
    paper.kind: paper
    for paper in (
        BallotPaper(
            "ward",
            lazy_gettext("Ward ballot"),
            lazy_gettext("For one person, who will represent your ward on the municipal council."),
        ),
        BallotPaper(
            "proportional",
            lazy_gettext("Proportional ballot"),
            lazy_gettext(
                "For a party. The parties get seats on the municipal council in proportion to "
                "their votes, and fill them from their lists."
            ),
        ),
        BallotPaper(
            "district",
            lazy_gettext("District council ballot"),
            lazy_gettext(
                "For a party on the council of the district, to which several local "
                "municipalities belong."
            ),
        ),
    )
}


def ballot_papers(municipality: Municipality | None) -> tuple[BallotPaper, ...]:
    """The ballot papers of a voter in this municipality; all kinds if it is not known."""
    return tuple(
        paper
        for paper in BALLOT_PAPERS.values()
        if not (paper.kind == "district" and municipality and municipality.metropolitan)
    )
