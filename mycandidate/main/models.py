"""The database models: elections, wards, parties and candidates."""

from datetime import date

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from main.extensions import Base


class Election(Base):
    """An election. `sample` marks invented data; pages that show it display a notice."""

    __tablename__ = "election"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    held_on: Mapped[date]
    sample: Mapped[bool] = mapped_column(default=False)


class Ward(Base):
    """A ward of a municipality; its code is unique in the country."""

    __tablename__ = "ward"
    __table_args__ = (
        Index("ix_ward_municipality", "municipality"),
        Index("ix_ward_province", "province"),
        Index("ix_ward_number", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    municipality: Mapped[str] = mapped_column(String(200))
    municipality_code: Mapped[str] = mapped_column(String(20))
    province: Mapped[str] = mapped_column(String(100))


class Party(Base):
    """A political party."""

    __tablename__ = "party"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    abbreviation: Mapped[str] = mapped_column(String(20))


class Candidate(Base):
    """A candidate on a ballot paper of a ward. An independent candidate has no party."""

    __tablename__ = "candidate"
    __table_args__ = (
        UniqueConstraint("election_id", "ward_id", "ballot", "position", name="uq_candidate_place"),
        Index("ix_candidate_ward_id", "ward_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    election_id: Mapped[int] = mapped_column(ForeignKey("election.id"))
    ward_id: Mapped[int] = mapped_column(ForeignKey("ward.id"))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    ballot: Mapped[str] = mapped_column(String(20))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    age: Mapped[int | None]

    election: Mapped[Election] = relationship()
    ward: Mapped[Ward] = relationship()
    party: Mapped[Party | None] = relationship()
