"""Checked rows into the database, in batches, changing only what differs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, bindparam, insert, select, update

from main.extensions import db
from main.importing.checking import Row
from main.models import Election, Party, Ward

Place = tuple[int, int, str, int]

# The table and not the model: for as many rows as there are candidates, the ORM's care costs
# more than the database's work.
_CANDIDATES: Table = db.metadata.tables["candidate"]
_INSERT = insert(_CANDIDATES)
_UPDATE = update(_CANDIDATES).where(_CANDIDATES.c.id == bindparam("of_id"))


@dataclass
class Tally:
    """What an import did to the candidates."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class Store:
    """Writes batches within the session's transaction; the caller commits or rolls back.

    Of candidates, who are many, only those of a batch's wards are kept in memory.
    """

    def __init__(self) -> None:
        self.tally = Tally()
        self._elections = _Known(Election, "name", ("held_on", "sample"))
        self._parties = _Known(Party, "name", ("abbreviation",))
        self._wards = _Known(
            Ward, "code", ("number", "name", "municipality", "municipality_code", "province")
        )

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
                different.append({"of_id": before[0], **values})
            else:
                self.tally.unchanged += 1
        self._write(new, different)

    def _write(self, new: list[dict[str, Any]], different: list[dict[str, Any]]) -> None:
        if new:
            db.session.execute(_INSERT, new)
        if different:
            db.session.execute(_UPDATE, different)
        self.tally.added += len(new)
        self.tally.changed += len(different)

    def _know(self, row: Row) -> None:
        """Elections, wards and parties as the row says."""
        self._elections.bring(row.election, (row.held_on, row.sample))
        if row.party:
            self._parties.bring(row.party, (row.party_abbreviation,))
        ward = (row.ward_number, row.ward_name, row.municipality, row.municipality_code)
        self._wards.bring(row.ward_code, (*ward, row.province))

    def _place(self, row: Row) -> Place:
        election, ward = self._elections.id_of(row.election), self._wards.id_of(row.ward_code)
        return (election, ward, row.ballot, row.position)

    def _values(self, row: Row) -> dict[str, Any]:
        party = self._parties.id_of(row.party) if row.party else None
        return {"party_id": party, "name": row.name, "age": row.age}

    @staticmethod
    def _stored(wards: set[int]) -> dict[Place, tuple[Any, ...]]:
        columns = _CANDIDATES.c
        rows = db.session.execute(
            select(
                columns.election_id,
                columns.ward_id,
                columns.ballot,
                columns.position,
                columns.id,
                columns.party_id,
                columns.name,
                columns.age,
            ).where(columns.ward_id.in_(wards))
        )
        return {row[:4]: row[4:] for row in map(tuple, rows)}


class _Known:
    """All rows of a table that has few, under what names them, with what was last said of each."""

    def __init__(self, model: Any, key: str, columns: tuple[str, ...]) -> None:
        self._model = model
        self._key = key
        self._columns = columns
        self._rows = {getattr(one, key): one for one in db.session.scalars(select(model))}
        self._said = {
            name: tuple(getattr(one, column) for column in columns)
            for name, one in self._rows.items()
        }

    def bring(self, name: str, values: tuple[Any, ...]) -> None:
        """Make it so; a row that is new has its id after the next flush."""
        if self._said.get(name) == values:
            return
        self._said[name] = values
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = self._model(**{self._key: name})
            db.session.add(row)
        for column, value in zip(self._columns, values, strict=True):
            setattr(row, column, value)

    def id_of(self, name: str) -> int:
        """The id of a row that is flushed."""
        found: int = self._rows[name].id
        return found
