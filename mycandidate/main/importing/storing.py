"""Checked rows into the database, in batches, changing only what differs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from main.extensions import db
from main.importing.checking import Row
from main.models import Candidate, Election, Party, Ward

Place = tuple[int, int, str, int]


@dataclass
class Tally:
    """What an import did to the candidates."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class Store:
    """Writes batches within the session's transaction; the caller commits or rolls back.

    Elections, wards and parties are few: what is known of them is kept in memory. Candidates
    are many: only those of a batch's wards are.
    """

    def __init__(self) -> None:
        self.tally = Tally()
        self._elections = {one.name: one for one in db.session.scalars(select(Election))}
        self._parties = {one.name: one for one in db.session.scalars(select(Party))}
        self._wards = {one.code: one for one in db.session.scalars(select(Ward))}

    def add(self, rows: Iterable[Row]) -> None:
        """Bring the database in line with these rows."""
        batch = list(rows)
        for row in batch:
            self._know(row)
        db.session.flush()
        wanted = {self._place(row): self._values(row) for row in batch}
        known = self._stored({place[1] for place in wanted})
        new, different = [], []
        for place, values in wanted.items():
            before = known.get(place)
            if before is None:
                election_id, ward_id, ballot, position = place
                new.append(
                    {
                        "election_id": election_id,
                        "ward_id": ward_id,
                        "ballot": ballot,
                        "position": position,
                        **values,
                    }
                )
            elif before[1:] != tuple(values.values()):
                different.append({"id": before[0], **values})
            else:
                self.tally.unchanged += 1
        self._write(new, different)

    def _write(self, new: list[dict[str, Any]], different: list[dict[str, Any]]) -> None:
        if new:
            db.session.execute(insert(Candidate), new)
        if different:
            db.session.execute(update(Candidate), different)
        self.tally.added += len(new)
        self.tally.changed += len(different)

    def _know(self, row: Row) -> None:
        """Elections, wards and parties as the row says."""
        election = _one(self._elections, row.election, Election, held_on=row.held_on)
        election.sample = row.sample
        election.held_on = row.held_on
        if row.party:
            party = _one(self._parties, row.party, Party, abbreviation=row.party_abbreviation)
            party.abbreviation = row.party_abbreviation
        ward = self._wards.get(row.ward_code)
        if ward is None:
            ward = self._wards[row.ward_code] = Ward(code=row.ward_code)
            db.session.add(ward)
        for name, value in (
            ("number", row.ward_number),
            ("name", row.ward_name),
            ("municipality", row.municipality),
            ("municipality_code", row.municipality_code),
            ("province", row.province),
        ):
            if getattr(ward, name) != value:
                setattr(ward, name, value)

    def _place(self, row: Row) -> Place:
        election, ward = self._elections[row.election], self._wards[row.ward_code]
        return (election.id, ward.id, row.ballot, row.position)

    def _values(self, row: Row) -> dict[str, Any]:
        party = self._parties[row.party].id if row.party else None
        return {"party_id": party, "name": row.name, "age": row.age}

    @staticmethod
    def _stored(wards: set[int]) -> dict[Place, tuple[Any, ...]]:
        rows = db.session.execute(
            select(
                Candidate.election_id,
                Candidate.ward_id,
                Candidate.ballot,
                Candidate.position,
                Candidate.id,
                Candidate.party_id,
                Candidate.name,
                Candidate.age,
            ).where(Candidate.ward_id.in_(wards))
        )
        return {(row[0], row[1], row[2], row[3]): tuple(row[4:]) for row in rows}


def _one(known: dict[str, Any], name: str, model: Any, **values: Any) -> Any:
    found = known.get(name)
    if found is None:
        found = known[name] = model(name=name, **values)
        db.session.add(found)
    return found
