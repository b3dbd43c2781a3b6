"""Writes validated rows to the database in batches, and changes only what differs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import Table, bindparam, insert, select, update

from main.extensions import db
from main.importer.validation import Row
from main.models import Election, Party, Ward

# The table and not the model: with as many rows as there are candidates, the ORM costs more time
# than the database.
_CANDIDATES: Table = db.metadata.tables["candidate"]
_INSERT = insert(_CANDIDATES)
_UPDATE = update(_CANDIDATES).where(_CANDIDATES.c.id == bindparam("candidate_id"))

StatementParameters = dict[str, int | str | None]


@dataclass
class ImportSummary:
    """How many candidates an import added, changed and left unchanged."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class CandidateKey(NamedTuple):
    """The line of a ballot paper, which identifies a candidate."""

    election_id: int
    ward_id: int
    ballot: str
    position: int


class CandidateValues(NamedTuple):
    """The columns of a candidate that an import can change."""

    party_id: int | None
    name: str
    age: int | None


_KEY_COLUMNS = [_CANDIDATES.c[name] for name in CandidateKey._fields]
_VALUE_COLUMNS = [_CANDIDATES.c[name] for name in CandidateValues._fields]


class CandidateWriter:
    """Writes batches of rows within the session's transaction. The caller commits or rolls back.

    Elections, parties and wards are kept in memory; of the candidates, which are many, only those
    of the wards in the current batch.
    """

    def __init__(self) -> None:
        self.summary = ImportSummary()
        self._elections = _ReferenceTable(Election, key="name", columns=("held_on", "sample"))
        self._parties = _ReferenceTable(Party, key="name", columns=("abbreviation",))
        self._wards = _ReferenceTable(
            Ward,
            key="code",
            columns=("number", "name", "municipality", "municipality_code", "province"),
        )

    def write(self, batch: Sequence[Row]) -> None:
        """Insert or update the candidates of these rows, and what they refer to."""
        for row in batch:
            self._upsert_references(row)
        db.session.flush()
        candidates = {self._key(row): self._values(row) for row in batch}
        stored_candidates = _stored_candidates({key.ward_id for key in candidates})
        inserts: list[StatementParameters] = []
        updates: list[StatementParameters] = []
        for key, values in candidates.items():
            stored = stored_candidates.get(key)
            if stored is None:
                inserts.append({**key._asdict(), **values._asdict()})
            elif stored.values != values:
                updates.append({"candidate_id": stored.candidate_id, **values._asdict()})
            else:
                self.summary.unchanged += 1
        if inserts:
            db.session.execute(_INSERT, inserts)
        if updates:
            db.session.execute(_UPDATE, updates)
        self.summary.added += len(inserts)
        self.summary.changed += len(updates)

    def _upsert_references(self, row: Row) -> None:
        self._elections.upsert(row.election, (row.held_on, row.sample))
        if row.party:
            self._parties.upsert(row.party, (row.party_abbreviation,))
        self._wards.upsert(
            row.ward_code,
            (
                row.ward_number,
                row.ward_name,
                row.municipality,
                row.municipality_code,
                row.province,
            ),
        )

    def _key(self, row: Row) -> CandidateKey:
        return CandidateKey(
            election_id=self._elections.id_of(row.election),
            ward_id=self._wards.id_of(row.ward_code),
            ballot=row.ballot,
            position=row.position,
        )

    def _values(self, row: Row) -> CandidateValues:
        return CandidateValues(
            party_id=self._parties.id_of(row.party) if row.party else None,
            name=row.name,
            age=row.age,
        )


class _StoredCandidate(NamedTuple):
    candidate_id: int
    values: CandidateValues


def _stored_candidates(ward_ids: Collection[int]) -> dict[CandidateKey, _StoredCandidate]:
    """The candidates of these wards."""
    rows = db.session.execute(
        select(_CANDIDATES.c.id, *_KEY_COLUMNS, *_VALUE_COLUMNS).where(
            _CANDIDATES.c.ward_id.in_(ward_ids)
        )
    )
    key_end = 1 + len(_KEY_COLUMNS)
    return {
        CandidateKey(*row[1:key_end]): _StoredCandidate(row[0], CandidateValues(*row[key_end:]))
        for row in map(tuple, rows)
    }


Model = TypeVar("Model", Election, Party, Ward)


class _ReferenceTable(Generic[Model]):
    """All rows of a small table by their unique key, with the values that were last written."""

    def __init__(self, model: type[Model], *, key: str, columns: tuple[str, ...]) -> None:
        self._model: type[Model] = model
        self._key = key
        self._columns = columns
        self._rows: dict[str, Model] = {
            getattr(row, key): row for row in db.session.scalars(select(model))
        }
        self._values: dict[str, tuple[object, ...]] = {
            name: tuple(getattr(row, column) for column in columns)
            for name, row in self._rows.items()
        }

    def upsert(self, name: str, values: tuple[object, ...]) -> None:
        """Insert or update a row. A new row has its id after the next flush."""
        if self._values.get(name) == values:
            return
        self._values[name] = values
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = self._model(**{self._key: name})
            db.session.add(row)
        for column, value in zip(self._columns, values, strict=True):
            setattr(row, column, value)

    def id_of(self, name: str) -> int:
        """The id of a row that has been flushed."""
        return self._rows[name].id
