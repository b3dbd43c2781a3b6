"""What the migrations between two releases have made themselves: the older one knows none of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Remark:
    """What an operation takes away; unknown: it cannot be read."""

    what: str
    unknown: bool = False


@dataclass(frozen=True)
class NewColumn:
    """A column that the older release does not name when it inserts a row."""

    nullable: bool = True
    filled: bool = False  # by the database: it has a server default

    @property
    def stays_null(self) -> bool:
        """Whether a row of the older release has NULL there."""
        return self.nullable and not self.filled


@dataclass
class Window:
    """Tables, and columns of old tables, that are new since the older release."""

    tables: set[str] = field(default_factory=set)
    columns: dict[tuple[str, str], NewColumn] = field(default_factory=dict)

    def add_table(self, name: str) -> None:
        """A new table; one whose name is worked out could be any."""
        if "<" not in name:
            self.tables.add(name)

    def add_column(self, table: str, name: str, column: NewColumn) -> None:
        """A new column of an old table; likewise."""
        if "<" not in table + name:
            self.columns[(table, name)] = column

    def exempt(self, table: str, columns: Iterable[str]) -> bool:
        """Whether a unique or foreign key over these columns leaves the older release alone.

        In SQL a NULL is equal to nothing and refers to nothing; one is enough.
        """
        found = (self.columns.get((table, column)) for column in columns)
        return any(column is not None and column.stays_null for column in found)

    def rename_table(self, old: str, new: str) -> bool:
        """Take note; whether the older release knows the table by its old name."""
        if old in self.tables:
            self.tables.discard(old)
            self.add_table(new)
            return False
        return True

    def rename_column(self, table: str, old: str, new: str) -> bool:
        """Take note; whether the older release knows the column by its old name."""
        if (table, old) in self.columns:
            self.add_column(table, new, self.columns.pop((table, old)))
            return False
        return True

    def copy(self) -> Window:
        """To try a branch of the code with."""
        return Window(set(self.tables), dict(self.columns))

    def keep_common(self, *branches: Window) -> None:
        """Go on with what is new whichever branch was taken."""
        self.tables = set.intersection(*(one.tables for one in branches))
        first, *others = branches
        self.columns = {
            key: column for key, column in first.columns.items()
            if all(one.columns.get(key) == column for one in others)
        }  # fmt: skip
